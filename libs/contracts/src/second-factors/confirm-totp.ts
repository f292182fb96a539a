import { Redacted } from '#libs/kernel';
import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';
import { originFields } from '../sessions/origin';

/** Recovery codes, shown this once, separated by spaces. */
export const recoveryCodesSchema = v.strictObject({ recoveryCodes: v.instance(Redacted<string>) });

/**
 * Confirms the TOTP secret: from now on signing in asks for a code. Gives ten recovery codes, which replace earlier
 * ones. Fails with VALIDATION_FAILED for a wrong code, NOT_FOUND when no secret waits for confirmation, RATE_LIMITED.
 * When the answer was lost, `renew-recovery-codes` gives codes that were shown.
 */
export const confirmTotp = defineMessage({
  name: 'confirm-totp',
  kind: 'command',
  request: v.strictObject({ caller: callerSchema, totp: v.instance(Redacted<string>), ...originFields }),
  reply: recoveryCodesSchema,
});
