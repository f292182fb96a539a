import * as v from 'valibot';
import { commandFields, doneSchema } from '../command';
import { defineMessage } from '../message';

/** Removes a member, or the caller, from the next request on. Fails with NOT_FOUND, FORBIDDEN, LAST_OWNER. */
export const removeMember = defineMessage({
  name: 'remove-member',
  kind: 'command',
  request: v.strictObject({ ...commandFields, memberId: v.string() }),
  reply: doneSchema,
});
