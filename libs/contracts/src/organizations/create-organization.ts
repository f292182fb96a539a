import * as v from 'valibot';
import { commandFields } from '../command';
import { defineMessage } from '../message';
import { organizationWrittenSchema } from './organization-view';

/** Makes an organization whose owner is the caller. Fails with QUOTA_EXCEEDED, IDEMPOTENCY_KEY_REUSED. */
export const createOrganization = defineMessage({
  name: 'create-organization',
  kind: 'command',
  request: v.strictObject({ ...commandFields, name: v.string() }),
  reply: organizationWrittenSchema,
});
