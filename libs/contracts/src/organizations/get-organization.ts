import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';
import { organizationViewSchema } from './organization-view';

/** The caller's organization. */
export const getOrganization = defineMessage({
  name: 'get-organization',
  kind: 'query',
  request: v.strictObject({ caller: callerSchema }),
  reply: v.strictObject({ data: organizationViewSchema }),
});
