import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';

/** When one of a secret's values was last opened, as far as is known: null for never, and for a secret that is not there. */
export const getLastRead = defineMessage({
  name: 'get-last-read',
  kind: 'query',
  request: v.strictObject({ caller: callerSchema, secret: v.string() }),
  reply: v.strictObject({ lastReadAt: v.nullable(v.string()) }),
});
