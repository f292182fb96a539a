import { Redacted } from '#libs/kernel';
import * as v from 'valibot';
import { commandFields } from '../command';
import { defineMessage } from '../message';
import { secretWrittenSchema } from './secret-metadata';

/** Creates a secret. Fails with SECRET_NAME_TAKEN, QUOTA_EXCEEDED, CONCURRENT_CHANGE, IDEMPOTENCY_KEY_REUSED. */
export const createSecret = defineMessage({
  name: 'create-secret',
  kind: 'command',
  request: v.strictObject({
    ...commandFields,
    name: v.string(),
    value: v.instance(Redacted<string>),
    description: v.nullable(v.string()),
    tags: v.array(v.string()),
    expiresAt: v.nullable(v.string()),
  }),
  reply: secretWrittenSchema,
});
