import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';
import { originFields } from '../sessions/origin';
import { recoveryCodesSchema } from './confirm-totp';

/** Ten new recovery codes in place of those that are left. Fails with NOT_FOUND where no code is asked for. */
export const renewRecoveryCodes = defineMessage({
  name: 'renew-recovery-codes',
  kind: 'command',
  request: v.strictObject({ caller: callerSchema, ...originFields }),
  reply: recoveryCodesSchema,
});
