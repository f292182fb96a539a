import * as v from 'valibot';
import { scopes } from '../access/permissions';

/** An API key exactly as the REST contract shows it; the key itself is shown once, when it is made. */
export const apiKeyViewSchema = v.strictObject({
  id: v.string(),
  name: v.string(),
  scopes: v.array(v.picklist(scopes)),
  /** CIDR ranges that may use the key; empty: every address. */
  allowed_ips: v.array(v.string()),
  created_at: v.string(),
  expires_at: v.nullable(v.string()),
  /** Exact to the minute. */
  last_used_at: v.nullable(v.string()),
  revoked_at: v.nullable(v.string()),
});

export type ApiKeyView = v.InferOutput<typeof apiKeyViewSchema>;
