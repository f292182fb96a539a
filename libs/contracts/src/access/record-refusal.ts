import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';

/** Puts on record that a known caller was refused. Nobody waits for it. */
export const recordRefusal = defineMessage({
  name: 'record-refusal',
  kind: 'command',
  request: v.strictObject({
    caller: callerSchema,
    /** What was asked for; null on a route that declares nothing. */
    action: v.nullable(v.string()),
    address: v.string(),
    userAgent: v.nullable(v.string()),
  }),
  reply: v.strictObject({}),
});
