import * as v from 'valibot';
import { roles } from '../access/permissions';
import { commandFields } from '../command';
import { defineMessage } from '../message';
import { memberViewSchema } from './member-view';

/** Gives a member another role. Fails with NOT_FOUND, FORBIDDEN, LAST_OWNER. */
export const changeMemberRole = defineMessage({
  name: 'change-member-role',
  kind: 'command',
  request: v.strictObject({ ...commandFields, memberId: v.string(), role: v.picklist(roles) }),
  reply: v.strictObject({ data: memberViewSchema, position: v.string() }),
});
