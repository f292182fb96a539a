import { Redacted } from '#libs/kernel';
import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';
import { originFields } from '../sessions/origin';
import { startedSessionSchema } from '../sessions/session-view';

/**
 * Sets another password, or the first one; ends all other sessions and gives this one another token. Fails with
 * VALIDATION_FAILED, naming the field, and with RATE_LIMITED after too many wrong ones.
 */
export const changePassword = defineMessage({
  name: 'change-password',
  kind: 'command',
  request: v.strictObject({
    caller: callerSchema,
    sessionId: v.string(),
    /** Null: the person has none, or does not know it. */
    currentPassword: v.nullable(v.instance(Redacted<string>)),
    password: v.instance(Redacted<string>),
    ...originFields,
  }),
  reply: startedSessionSchema,
});
