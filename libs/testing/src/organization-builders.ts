import type { OrganizationEvent } from '#libs/events';

const at = '2026-11-23T10:00:00.000Z';

/** The first events of an example organization: its creation, and its owner's membership. */
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

/** The user `usr_1` joins as the member `mem_1`. */
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
