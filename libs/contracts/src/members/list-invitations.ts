import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';
import { invitationViewSchema } from './member-view';

/** The invitations that can still be accepted, the oldest first. */
export const listInvitations = defineMessage({
  name: 'list-invitations',
  kind: 'query',
  request: v.strictObject({ caller: callerSchema }),
  reply: v.strictObject({ data: v.array(invitationViewSchema) }),
});
