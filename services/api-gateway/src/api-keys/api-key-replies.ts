import { listApiKeys } from '#libs/contracts';
import * as v from 'valibot';
import { described } from '../openapi/described';

const shape = listApiKeys.reply.entries.data.item;
const sentences = {
  allowed_ips: 'Addresses and CIDR ranges that it may be used from; empty: from anywhere.',
  last_used_at: 'To the minute.',
};

export const apiKeyListReply = v.strictObject({ data: v.array(described('ApiKey', shape, sentences)) });

export const issuedApiKeyReply = described(
  'IssuedApiKey',
  v.strictObject({ ...shape.entries, key: v.string() }),
  { ...sentences, key: 'Shown this once: only a keyed hash of it is kept.' },
);
