import { Redacted } from '#libs/kernel';
import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';
import { originFields } from '../sessions/origin';
import { startedSessionSchema } from '../sessions/session-view';

/**
 * Sets another password, or the first one. Ends all other sessions and gives this one another token. Repeated after a
 * failure, it finishes what was begun, even if the new password is stored already. Fails with VALIDATION_FAILED, which names the field, and with RATE_LIMITED after too many wrong passwords.
 */
export const changePassword = defineMessage({
  name: 'change-password',
  kind: 'command',
  request: v.strictObject({
    caller: callerSchema,
    sessionId: v.string(),
    /** Null when none is sent, which only a person without a password may do. */
    currentPassword: v.nullable(v.instance(Redacted<string>)),
    password: v.instance(Redacted<string>),
    ...originFields,
  }),
  reply: startedSessionSchema,
});
