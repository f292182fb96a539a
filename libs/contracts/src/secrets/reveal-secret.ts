import { Redacted } from '#libs/kernel';
import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';

/**
 * Opens one value, after the record of its reading is durable. Repeated, it finds the record there.
 * Fails with NOT_FOUND, INTEGRITY_ERROR, STORE_UNAVAILABLE (then nothing was opened).
 */
export const revealSecret = defineMessage({
  name: 'reveal-secret',
  kind: 'query',
  request: v.strictObject({
    caller: callerSchema,
    /** With the time below it makes the record: the same one when the request is handled again. */
    commandId: v.string(),
    /** ISO 8601, UTC. What the record and `decryptedAt` say, unless it is minutes away from the clock of who answers. */
    at: v.pipe(v.string(), v.isoTimestamp()),
    secret: v.string(),
    /** Null: the current version. */
    version: v.nullable(v.number()),
    /** Where the request came from, for the read record alone. */
    address: v.nullable(v.string()),
    userAgent: v.nullable(v.string()),
  }),
  reply: v.strictObject({
    id: v.string(),
    name: v.string(),
    value: v.instance(Redacted<string>),
    version: v.number(),
    decryptedAt: v.string(),
  }),
});
