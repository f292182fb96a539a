import * as v from 'valibot';
import { commandFields } from '../command';
import { defineMessage } from '../message';
import { organizationWrittenSchema } from './organization-view';

/** Changes only the fields that are sent. Fails with FORBIDDEN, IDEMPOTENCY_KEY_REUSED. */
export const changeOrganization = defineMessage({
  name: 'change-organization',
  kind: 'command',
  request: v.strictObject({
    ...commandFields,
    name: v.optional(v.string()),
    /** In days. Null: as many as the operator has set. */
    recoveryDays: v.optional(v.nullable(v.number())),
  }),
  reply: organizationWrittenSchema,
});
