import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';
import { originFields } from '../sessions/origin';
import { recoveryCodesSchema } from './confirm-totp';

/** Replaces the recovery codes by ten new ones. Fails with NOT_FOUND when the person has no second factor. */
export const renewRecoveryCodes = defineMessage({
  name: 'renew-recovery-codes',
  kind: 'command',
  request: v.strictObject({ caller: callerSchema, ...originFields }),
  reply: recoveryCodesSchema,
});
