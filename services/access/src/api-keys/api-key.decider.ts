import { hasEnded, type OrganizationEvent, type OrganizationState } from '#libs/events';
import { AppError, invalid } from '#libs/kernel';

type IssuedKey = Extract<OrganizationEvent, { type: 'ApiKeyIssued' }>['data'];

interface IssueFacts {
  readonly key: IssuedKey;
  /** When the key that makes the new key expires; null when it never does, or when a person makes the new key. */
  readonly makerExpiresAt: string | null;
  readonly keysMax: number;
}

/**
 * Issues a key that expires no later than the key that makes it. Fails with VALIDATION_FAILED, FORBIDDEN or
 * QUOTA_EXCEEDED.
 */
export function decideIssue({ keys }: OrganizationState, facts: IssueFacts): OrganizationEvent[] {
  const { key, makerExpiresAt, keysMax } = facts;
  const { issuedAt, expiresAt } = key;
  if (expiresAt !== null && expiresAt <= issuedAt) {
    throw invalid([{ field: 'expires_at', message: 'must be in the future' }]);
  }
  if (makerExpiresAt !== null && (expiresAt === null || expiresAt > makerExpiresAt)) {
    const safeMessage = 'A key cannot make one that lives longer than itself';
    throw new AppError('FORBIDDEN', { safeMessage });
  }
  const live = [...keys.values()].filter((other) => !hasEnded(other, issuedAt)).length;
  if (live >= keysMax) {
    const safeMessage = `This organization has ${keysMax} API keys, as many as it may; revoke some or ask the operator for more`;
    throw new AppError('QUOTA_EXCEEDED', { safeMessage });
  }
  return [{ type: 'ApiKeyIssued', data: key }];
}

/** Revokes a key. Fails with NOT_FOUND, also for a key that was already revoked. */
export function decideKeyEnd(
  { keys }: OrganizationState,
  { keyId, at }: { keyId: string; at: string },
): OrganizationEvent[] {
  const key = keys.get(keyId);
  if (!key || key.revokedAt !== null) throw new AppError('NOT_FOUND');
  return [{ type: 'ApiKeyRevoked', data: { keyId, revokedAt: at } }];
}
