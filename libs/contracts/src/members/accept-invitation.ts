import { Redacted } from '#libs/kernel';
import * as v from 'valibot';
import { commandFields } from '../command';
import { defineMessage } from '../message';
import { organizationWrittenSchema } from '../organizations/organization-view';

/**
 * Makes the caller a member of the organization that the token invites to. A token works once. Fails with NOT_FOUND for
 * an invalid token, FORBIDDEN for a token of another address, ALREADY_MEMBER, QUOTA_EXCEEDED.
 */
export const acceptInvitation = defineMessage({
  name: 'accept-invitation',
  kind: 'command',
  request: v.strictObject({ ...commandFields, token: v.instance(Redacted<string>) }),
  reply: organizationWrittenSchema,
});
