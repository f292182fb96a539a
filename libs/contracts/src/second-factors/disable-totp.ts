import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';
import { originFields } from '../sessions/origin';

/** Removes the second factor and its recovery codes: signing in asks for no code any more. */
export const disableTotp = defineMessage({
  name: 'disable-totp',
  kind: 'command',
  request: v.strictObject({ caller: callerSchema, ...originFields }),
  reply: v.strictObject({}),
});
