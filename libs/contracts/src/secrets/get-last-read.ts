import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';

/** When a value of the secret was last read, as far as is known; null for never, and for an unknown secret. */
export const getLastRead = defineMessage({
  name: 'get-last-read',
  kind: 'query',
  request: v.strictObject({ caller: callerSchema, secret: v.string() }),
  reply: v.strictObject({ lastReadAt: v.nullable(v.string()) }),
});
