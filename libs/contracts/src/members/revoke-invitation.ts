import * as v from 'valibot';
import { commandFields, doneSchema } from '../command';
import { defineMessage } from '../message';

/** Revokes an invitation and erases its address. Fails with NOT_FOUND, FORBIDDEN. */
export const revokeInvitation = defineMessage({
  name: 'revoke-invitation',
  kind: 'command',
  request: v.strictObject({ ...commandFields, invitationId: v.string() }),
  reply: doneSchema,
});
