import { Redacted } from '#libs/kernel';
import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';
import { originFields } from '../sessions/origin';

/** Recovery codes, told this once, separated by a space. */
export const recoveryCodesSchema = v.strictObject({ recoveryCodes: v.instance(Redacted<string>) });

/**
 * From here on signing in asks for a code. Gives ten recovery codes in place of any earlier ones. Fails with
 * VALIDATION_FAILED for a wrong code, NOT_FOUND when nothing waits to be confirmed, RATE_LIMITED.
 */
export const confirmTotp = defineMessage({
  name: 'confirm-totp',
  kind: 'command',
  request: v.strictObject({ caller: callerSchema, totp: v.instance(Redacted<string>), ...originFields }),
  reply: recoveryCodesSchema,
});
