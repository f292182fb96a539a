import { getOrganization } from '#libs/contracts';
import * as v from 'valibot';
import { described } from '../openapi/described';

const organization = described('Organization', getOrganization.reply.entries.data, {
  role: 'Of the person who asks; null for a key.',
  recovery_days: 'How long a deleted secret keeps its keys.',
});

export const organizationReply = v.strictObject({ data: organization });
export const organizationListReply = v.strictObject({ data: v.array(organization) });
