import { Redacted } from '#libs/kernel';
import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';

/**
 * Opens one value, after the record of its reading is durable.
 * Fails with NOT_FOUND, INTEGRITY_ERROR, STORE_UNAVAILABLE (then nothing was opened).
 */
export const revealSecret = defineMessage({
  name: 'reveal-secret',
  kind: 'query',
  request: v.strictObject({
    caller: callerSchema,
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
