import { listInvitations, listMembers } from '#libs/contracts';
import * as v from 'valibot';
import { described } from '../openapi/described';

const member = described('Member', listMembers.reply.entries.data.item, {
  id: 'Of the membership.',
  user_id: 'Of the person, the same in every organization.',
  email: 'Null, like the name, once the record of the person is erased.',
});

export const memberReply = v.strictObject({ data: member });
export const memberListReply = v.strictObject({ data: v.array(member) });

const invitationShape = listInvitations.reply.entries.data.item;
const sentences = { email: 'Null once the address is erased.' };

export const invitationListReply = v.strictObject({
  data: v.array(described('Invitation', invitationShape, sentences)),
});

const invited = v.strictObject({ ...invitationShape.entries, accept_link: v.string(), mailed: v.boolean() });

export const invitedReply = v.strictObject({
  data: described('NewInvitation', invited, {
    ...sentences,
    accept_link: 'Shown this once.',
    mailed: 'Whether it was handed to the mail server.',
  }),
});
