import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';
import { memberViewSchema } from './member-view';

/** The members of the caller's organization, the longest standing first. */
export const listMembers = defineMessage({
  name: 'list-members',
  kind: 'query',
  request: v.strictObject({ caller: callerSchema }),
  reply: v.strictObject({ data: v.array(memberViewSchema) }),
});
