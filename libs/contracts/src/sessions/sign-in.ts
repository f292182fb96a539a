import { Redacted } from '#libs/kernel';
import * as v from 'valibot';
import { defineMessage } from '../message';
import { originFields } from './origin';
import { startedSessionSchema } from './session-view';

/** What proves a person's identity besides the e-mail address; null for a code that was not sent. */
export const proofFields = {
  password: v.instance(Redacted<string>),
  totp: v.nullable(v.instance(Redacted<string>)),
  recoveryCode: v.nullable(v.instance(Redacted<string>)),
};

/**
 * Begins a session. Fails with AUTHENTICATION_REQUIRED whatever was wrong, SECOND_FACTOR_REQUIRED when the password is
 * right and the code is missing, RATE_LIMITED after too many failures for this e-mail address, known or not.
 */
export const signIn = defineMessage({
  name: 'sign-in',
  kind: 'command',
  request: v.strictObject({ email: v.string(), ...proofFields, ...originFields }),
  reply: startedSessionSchema,
});
