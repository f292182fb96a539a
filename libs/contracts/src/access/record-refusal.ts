import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';

/** Records that a known caller was refused. The refusal does not wait for it. */
export const recordRefusal = defineMessage({
  name: 'record-refusal',
  kind: 'command',
  request: v.strictObject({
    caller: callerSchema,
    /** The action that was refused; null on a route that declares none. */
    action: v.nullable(v.string()),
    address: v.string(),
    userAgent: v.nullable(v.string()),
  }),
  reply: v.strictObject({}),
});
