import * as v from 'valibot';
import { commandFields, doneSchema } from '../command';
import { defineMessage } from '../message';

/** Deletes a secret and frees its name. Fails with NOT_FOUND, PRECONDITION_FAILED, IDEMPOTENCY_KEY_REUSED. */
export const deleteSecret = defineMessage({
  name: 'delete-secret',
  kind: 'command',
  request: v.strictObject({
    ...commandFields,
    /** Id or name. */
    secret: v.string(),
    ifRevision: v.nullable(v.string()),
    /** True to destroy the keys now instead of at the end of the recovery window. */
    destroy: v.boolean(),
  }),
  reply: doneSchema,
});
