import { Redacted } from '#libs/kernel';
import * as v from 'valibot';
import { commandFields } from '../command';
import { defineMessage } from '../message';
import { secretWrittenSchema } from './secret-metadata';

/**
 * Changes only the fields that are sent. Fails with NOT_FOUND, PRECONDITION_FAILED, SECRET_NAME_TAKEN, QUOTA_EXCEEDED,
 * CONCURRENT_CHANGE, IDEMPOTENCY_KEY_REUSED.
 */
export const updateSecret = defineMessage({
  name: 'update-secret',
  kind: 'command',
  request: v.strictObject({
    ...commandFields,
    /** Id or name. */
    secret: v.string(),
    /** The revision that the caller saw, from the If-Match header; null without that header. */
    ifRevision: v.nullable(v.string()),
    /** The `last_read_at` for the reply: the command service has no projection of reads. */
    lastReadAt: v.nullable(v.string()),
    name: v.optional(v.string()),
    value: v.optional(v.instance(Redacted<string>)),
    description: v.optional(v.nullable(v.string())),
    tags: v.optional(v.array(v.string())),
    expiresAt: v.optional(v.nullable(v.string())),
  }),
  reply: secretWrittenSchema,
});
