import { hasEnded, type Member, type OrganizationEvent, type OrganizationState } from '#libs/events';
import { AppError } from '#libs/kernel';

interface Leaving {
  readonly userId: string;
  readonly at: string;
}

/** Removes a person who wants to be erased. Fails with LAST_OWNER where other members would have no owner. */
export function decideLeaving(state: OrganizationState, leaving: Leaving): OrganizationEvent[] {
  const member = state.members.get(leaving.userId);
  if (member && isNeededBy(othersThan(member, state), member)) {
    throw lastOwner(state.organization?.name ?? '');
  }
  return decideGone(state, leaving);
}

/**
 * Removes a person whose erasure can no longer be refused. In their personal organization without other members, this
 * also ends all keys and invitations. A shared one keeps its keys, even without members, because machines still use
 * them.
 */
export function decideGone(state: OrganizationState, { userId, at }: Leaving): OrganizationEvent[] {
  const { organization, members } = state;
  const member = members.get(userId);
  if (!member) return [];
  const { memberId } = member;
  const isOwn = organization?.kind === 'personal' && organization.ownerId === userId;
  return [
    ...(isOwn && othersThan(member, state).length === 0 ? ended(state, at) : []),
    { type: 'MemberRemoved', data: { memberId, userId, removedAt: at } },
  ];
}

function othersThan({ userId }: Member, { members }: OrganizationState): Member[] {
  return [...members.values()].filter((other) => other.userId !== userId);
}

/** Tells whether the member is the last owner and other members stay. */
function isNeededBy(others: readonly Member[], { role }: Member): boolean {
  return role === 'owner' && others.length > 0 && others.every((other) => other.role !== 'owner');
}

function ended({ keys, invitations }: OrganizationState, at: string): OrganizationEvent[] {
  const live = [...keys.values()].filter((key) => !hasEnded(key, at));
  return [
    ...live.map(({ keyId }): OrganizationEvent => ({
      type: 'ApiKeyRevoked',
      data: { keyId, revokedAt: at },
    })),
    ...[...invitations.keys()].map((invitationId): OrganizationEvent => ({
      type: 'InvitationRevoked',
      data: { invitationId, revokedAt: at },
    })),
  ];
}

function lastOwner(organization: string): AppError {
  const safeMessage = `You are the last owner of the organization "${organization}"; make somebody else an owner first, or remove its other members`;
  return new AppError('LAST_OWNER', { safeMessage });
}
