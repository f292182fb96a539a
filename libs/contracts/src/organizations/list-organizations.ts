import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';
import { organizationViewSchema } from './organization-view';

/** The organizations of which a person is a member, the personal one first. For a key, its own organization. */
export const listOrganizations = defineMessage({
  name: 'list-organizations',
  kind: 'query',
  request: v.strictObject({ caller: callerSchema }),
  reply: v.strictObject({ data: v.array(organizationViewSchema) }),
});
