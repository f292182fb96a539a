import type { OrganizationEvent, OrganizationState } from '#libs/events';
import { AppError } from '#libs/kernel';

interface Claim {
  readonly userId: string;
  readonly memberId: string;
  /** True for an owner who has no record any more: nobody can sign in as them. */
  readonly isGone: (userId: string) => boolean;
  readonly at: string;
}

/** Users who own the organization, whether or not they are known. */
export function ownersOf({ members }: OrganizationState): string[] {
  return [...members.values()].filter(({ role }) => role === 'owner').map(({ userId }) => userId);
}

/** Makes the first owner of an organization that nobody can sign in to. NOT_FOUND once it has another one. */
export function decideFirstOwner(
  state: OrganizationState,
  { userId, memberId, isGone, at }: Claim,
): OrganizationEvent[] {
  if (state.members.get(userId)?.role === 'owner') return [];
  if (!ownersOf(state).every(isGone)) throw new AppError('NOT_FOUND');
  const owner = { memberId, userId, role: 'owner', joinedAt: at, invitationId: null };
  return [{ type: 'MemberJoined', data: owner }];
}
