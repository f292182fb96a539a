import { Redacted } from '#libs/kernel';
import * as v from 'valibot';
import { defineMessage } from '../message';
import { originFields } from './origin';
import { startedSessionSchema } from './session-view';

/** What proves who somebody is, besides the address: null where it was not sent. */
export const proofFields = {
  password: v.instance(Redacted<string>),
  totp: v.nullable(v.instance(Redacted<string>)),
  recoveryCode: v.nullable(v.instance(Redacted<string>)),
};

/**
 * Begins a session. Fails with AUTHENTICATION_REQUIRED whatever was wrong, SECOND_FACTOR_REQUIRED once the password is
 * right, RATE_LIMITED after too many failures for this address, whether anybody has it or not.
 */
export const signIn = defineMessage({
  name: 'sign-in',
  kind: 'command',
  request: v.strictObject({ email: v.string(), ...proofFields, ...originFields }),
  reply: startedSessionSchema,
});
