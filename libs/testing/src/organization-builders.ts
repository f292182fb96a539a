import type { OrganizationEvent } from '#libs/events';

const at = '2026-11-23T10:00:00.000Z';

/** Facts of an imaginary organization, for tests that care about one detail at a time. */
export const founded = (
  ownerId: string,
  kind: 'personal' | 'shared' = 'shared',
): readonly OrganizationEvent[] => [
  {
    type: 'OrganizationCreated',
    data: { orgId: 'org_1', name: 'Payments', createdAt: at, kind, ownerId },
  },
  joined(ownerId, 'owner', null),
];

/** A member whose membership is called like the user, `mem_1` for `usr_1`. */
export const joined = (
  userId: string,
  role: string,
  invitationId: string | null = null,
): OrganizationEvent => ({
  type: 'MemberJoined',
  data: { memberId: userId.replace('usr', 'mem'), userId, role, joinedAt: at, invitationId },
});

export const invited = (invitationId: string, expiresAt = '2026-11-30T10:00:00.000Z'): OrganizationEvent => ({
  type: 'MemberInvited',
  data: { invitationId, role: 'member', hash: 'aa', invitedAt: at, expiresAt },
});

export const issued = (keyId: string, expiresAt: string | null = null): OrganizationEvent => ({
  type: 'ApiKeyIssued',
  data: { keyId, name: 'CI', scopes: ['secrets:list'], hash: 'bb', issuedAt: at, expiresAt },
});

export const revoked = (keyId: string): OrganizationEvent => ({
  type: 'ApiKeyRevoked',
  data: { keyId, revokedAt: at },
});
