import { Redacted } from '#libs/kernel';
import * as v from 'valibot';
import { scopes } from '../access/permissions';
import { commandFields } from '../command';
import { defineMessage } from '../message';
import { apiKeyViewSchema } from './api-key-view';

/**
 * Makes a key, at most as wide and as long-lived as its maker, and shows it this once.
 * Fails with FORBIDDEN, QUOTA_EXCEEDED, IDEMPOTENCY_KEY_REUSED.
 */
export const issueApiKey = defineMessage({
  name: 'issue-api-key',
  kind: 'command',
  request: v.strictObject({
    ...commandFields,
    name: v.string(),
    scopes: v.array(v.picklist(scopes)),
    expiresAt: v.nullable(v.string()),
    /** CIDR ranges; empty: from anywhere. */
    allowedIps: v.array(v.string()),
  }),
  reply: v.strictObject({
    data: apiKeyViewSchema,
    key: v.instance(Redacted<string>),
    position: v.string(),
  }),
});
