import type { ApiKeyView } from '#libs/contracts';
import type { ApiKey } from '#libs/events';
import { rightsOfKey } from '../organizations/actor';

/** Gives a key as the REST contract shows it. */
export function apiKeyView(key: ApiKey, lastUsedAt: string | null): ApiKeyView {
  return {
    id: key.keyId,
    name: key.name,
    scopes: [...rightsOfKey(key).scopes],
    allowed_ips: [...(key.allowedIps ?? [])],
    created_at: key.issuedAt,
    expires_at: key.expiresAt,
    last_used_at: lastUsedAt,
    revoked_at: key.revokedAt,
  };
}
