import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';
import { originFields } from '../sessions/origin';

/** Signing in asks for no code any more; the recovery codes go as well. */
export const disableTotp = defineMessage({
  name: 'disable-totp',
  kind: 'command',
  request: v.strictObject({ caller: callerSchema, ...originFields }),
  reply: v.strictObject({}),
});
