import { Redacted } from '#libs/kernel';
import * as v from 'valibot';
import { scopes } from '../access/permissions';
import { commandFields } from '../command';
import { defineMessage } from '../message';
import { apiKeyViewSchema } from './api-key-view';

/**
 * Makes a key and shows it this once. The key has at most the rights and the lifetime of its maker. Fails with
 * FORBIDDEN, QUOTA_EXCEEDED, IDEMPOTENCY_KEY_REUSED.
 */
export const issueApiKey = defineMessage({
  name: 'issue-api-key',
  kind: 'command',
  request: v.strictObject({
    ...commandFields,
    name: v.string(),
    scopes: v.array(v.picklist(scopes)),
    expiresAt: v.nullable(v.string()),
    /** CIDR ranges that may use the key; empty: every address. */
    allowedIps: v.array(v.string()),
  }),
  reply: v.strictObject({
    data: apiKeyViewSchema,
    key: v.instance(Redacted<string>),
    position: v.string(),
  }),
});
