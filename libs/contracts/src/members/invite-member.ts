import { Redacted } from '#libs/kernel';
import * as v from 'valibot';
import { roles } from '../access/permissions';
import { commandFields } from '../command';
import { defineMessage } from '../message';
import { invitationViewSchema } from './member-view';

/**
 * Invites an e-mail address, and revokes an earlier invitation of the same one. The link is shown this once. Fails with
 * FORBIDDEN, ALREADY_MEMBER, QUOTA_EXCEEDED, IDEMPOTENCY_KEY_REUSED.
 */
export const inviteMember = defineMessage({
  name: 'invite-member',
  kind: 'command',
  request: v.strictObject({ ...commandFields, email: v.string(), role: v.picklist(roles) }),
  reply: v.strictObject({
    data: invitationViewSchema,
    acceptLink: v.instance(Redacted<string>),
    /** True when a mail server has taken the link. If not, the caller must pass it on. */
    mailed: v.boolean(),
    position: v.string(),
  }),
});
