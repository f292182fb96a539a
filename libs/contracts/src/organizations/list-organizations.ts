import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';
import { organizationViewSchema } from './organization-view';

/** The organizations that a person is a member of, the personal one first; of a key its own. */
export const listOrganizations = defineMessage({
  name: 'list-organizations',
  kind: 'query',
  request: v.strictObject({ caller: callerSchema }),
  reply: v.strictObject({ data: v.array(organizationViewSchema) }),
});
