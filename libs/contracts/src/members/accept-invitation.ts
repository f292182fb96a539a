import { Redacted } from '#libs/kernel';
import * as v from 'valibot';
import { commandFields } from '../command';
import { defineMessage } from '../message';
import { organizationWrittenSchema } from '../organizations/organization-view';

/**
 * Joins the organization that the token invites to; it works once. Fails with NOT_FOUND for any token that is not
 * good, FORBIDDEN for a good one that was meant for another address, ALREADY_MEMBER, QUOTA_EXCEEDED.
 */
export const acceptInvitation = defineMessage({
  name: 'accept-invitation',
  kind: 'command',
  request: v.strictObject({ ...commandFields, token: v.instance(Redacted<string>) }),
  reply: organizationWrittenSchema,
});
