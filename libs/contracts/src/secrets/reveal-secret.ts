import { Redacted } from '#libs/kernel';
import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';

/**
 * Gives one value, once the record of this read is durable. Repeated for the same version, it finds that record. Fails
 * with NOT_FOUND, INTEGRITY_ERROR, STORE_UNAVAILABLE, and gives no value then.
 */
export const revealSecret = defineMessage({
  name: 'reveal-secret',
  kind: 'query',
  request: v.strictObject({
    caller: callerSchema,
    /** Determines the record together with `at`: the request writes the same record when it is handled again. */
    commandId: v.string(),
    /** ISO 8601, UTC. The time in the record and in `decryptedAt`, unless it is minutes off the service's clock. */
    at: v.pipe(v.string(), v.isoTimestamp()),
    secret: v.string(),
    /** Null: the current version. */
    version: v.nullable(v.number()),
    /** The client's address, for the record of the read only. */
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
