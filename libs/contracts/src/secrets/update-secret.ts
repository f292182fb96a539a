import { Redacted } from '#libs/kernel';
import * as v from 'valibot';
import { commandFields } from '../command';
import { defineMessage } from '../message';
import { secretWrittenSchema } from './secret-metadata';

/**
 * Changes what is sent and nothing else; an absent field stays as it is.
 * Fails with NOT_FOUND, PRECONDITION_FAILED, SECRET_NAME_TAKEN, CONCURRENT_CHANGE, IDEMPOTENCY_KEY_REUSED.
 */
export const updateSecret = defineMessage({
  name: 'update-secret',
  kind: 'command',
  request: v.strictObject({
    ...commandFields,
    /** Id or name. */
    secret: v.string(),
    /** The revision the caller saw, from its If-Match header. */
    ifRevision: v.nullable(v.string()),
    /** What the list shows; the command service has no read model of its own for it. */
    lastReadAt: v.nullable(v.string()),
    name: v.optional(v.string()),
    value: v.optional(v.instance(Redacted<string>)),
    description: v.optional(v.nullable(v.string())),
    tags: v.optional(v.array(v.string())),
    expiresAt: v.optional(v.nullable(v.string())),
  }),
  reply: secretWrittenSchema,
});
