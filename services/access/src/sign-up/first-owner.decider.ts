import type { OrganizationEvent, OrganizationState } from '#libs/events';
import { AppError } from '#libs/kernel';

interface Claim {
  readonly userId: string;
  readonly memberId: string;
  /** Tells whether an owner has no user record any more, so that nobody can sign in as that owner. */
  readonly isGone: (userId: string) => boolean;
  readonly at: string;
}

/** Gives the ids of all owners, with or without a user record. */
export function ownersOf({ members }: OrganizationState): string[] {
  return [...members.values()].filter(({ role }) => role === 'owner').map(({ userId }) => userId);
}

/**
 * Makes a user the owner of an organization that nobody can sign in to. Fails with NOT_FOUND when it has another owner.
 */
export function decideFirstOwner(
  state: OrganizationState,
  { userId, memberId, isGone, at }: Claim,
): OrganizationEvent[] {
  if (state.members.get(userId)?.role === 'owner') return [];
  if (!ownersOf(state).every(isGone)) throw new AppError('NOT_FOUND');
  const owner = { memberId, userId, role: 'owner', joinedAt: at, invitationId: null };
  return [{ type: 'MemberJoined', data: owner }];
}
