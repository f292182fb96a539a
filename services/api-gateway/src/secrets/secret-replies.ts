import { getSecret, listSecretVersions } from '#libs/contracts';
import * as v from 'valibot';
import { described } from '../openapi/described';

/** The answers of the routes for secrets, as the OpenAPI document describes them. */

const secret = described('Secret', getSecret.reply.entries.data, {
  name: 'Unique within the organization.',
  version: 'The current one; a new value counts it up.',
  updated_at: 'When the value or anything else of it last changed.',
  expires_at: 'When the value should be replaced; nothing happens by itself.',
  last_read_at: 'When one of its values was last opened.',
});

export const secretReply = v.strictObject({ data: secret });

export const secretListReply = v.strictObject({
  data: v.array(secret),
  page: v.optional(v.pipe(v.number(), v.description('With `page` or `page_size` only.'))),
  page_size: v.optional(v.number()),
  total: v.optional(v.pipe(v.number(), v.description('How many fit the query, on all pages.'))),
});

export const secretVersionsReply = v.strictObject({
  data: v.array(
    described('SecretVersion', listSecretVersions.reply.entries.data.item, {
      actor: 'Who wrote it: the id of an API key or of a user.',
    }),
  ),
});

export const secretValueReply = described(
  'SecretValue',
  v.strictObject({
    id: v.string(),
    name: v.string(),
    value: v.string(),
    version: v.number(),
    decrypted_at: v.string(),
  }),
  { decrypted_at: 'When this reading was recorded.' },
);
