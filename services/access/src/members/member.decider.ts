import type { Member, OrganizationEvent, OrganizationState } from '#libs/events';
import { AppError } from '#libs/kernel';

type Invitation = Extract<OrganizationEvent, { type: 'MemberInvited' }>['data'];
type Joined = Extract<OrganizationEvent, { type: 'MemberJoined' }>['data'];

/** Gives the member with this id. Fails with NOT_FOUND. */
export function memberOf({ members }: OrganizationState, memberId: string): Member {
  for (const member of members.values()) if (member.memberId === memberId) return member;
  throw new AppError('NOT_FOUND');
}

/** Gives an invitation, expired or not. Fails with NOT_FOUND for one that was accepted or revoked. */
export function invitationOf({ invitations }: OrganizationState, invitationId: string): Invitation {
  const invitation = invitations.get(invitationId);
  if (!invitation) throw new AppError('NOT_FOUND');
  return invitation;
}

/** Gives an invitation that has not expired. Fails with NOT_FOUND. */
export function openInvitationOf(state: OrganizationState, invitationId: string, at: string): Invitation {
  const invitation = invitationOf(state, invitationId);
  if (invitation.expiresAt <= at) throw new AppError('NOT_FOUND');
  return invitation;
}

interface InvitationFacts {
  readonly invitation: Invitation;
  /** The user with the invited address; null when there is none. */
  readonly userId: string | null;
  /** Ids of earlier invitations of the same address. Some may have ended, and some may never have been decided. */
  readonly replaces: readonly string[];
  readonly membersMax: number;
}

/**
 * Invites an address, and revokes its earlier invitations. Open invitations count against the quota of members, because
 * all of them may be accepted. Fails with ALREADY_MEMBER or QUOTA_EXCEEDED.
 */
export function decideInvite(state: OrganizationState, facts: InvitationFacts): OrganizationEvent[] {
  const { invitation, userId, replaces, membersMax } = facts;
  const { invitedAt } = invitation;
  if (userId !== null && state.members.has(userId)) throw new AppError('ALREADY_MEMBER');
  const replaced = replaces.filter((invitationId) => state.invitations.has(invitationId));
  const open = [...state.invitations.values()].filter(
    ({ invitationId, expiresAt }) => expiresAt > invitedAt && !replaced.includes(invitationId),
  );
  assertRoom(state.members.size + open.length, membersMax);
  return [
    ...replaced.map((invitationId): OrganizationEvent => revoked(invitationId, invitedAt)),
    { type: 'MemberInvited', data: invitation },
  ];
}

/** Revokes an invitation, expired or not; the caller then erases its address. Fails with NOT_FOUND. */
export function decideInvitationEnd(
  state: OrganizationState,
  { invitationId, at }: { invitationId: string; at: string },
): OrganizationEvent[] {
  return [revoked(invitationOf(state, invitationId).invitationId, at)];
}

/** Uses up an invitation. Fails with NOT_FOUND when it has ended, ALREADY_MEMBER, or QUOTA_EXCEEDED. */
export function decideJoin(
  state: OrganizationState,
  { member, membersMax }: { member: Omit<Joined, 'role'> & { invitationId: string }; membersMax: number },
): OrganizationEvent[] {
  const { role } = openInvitationOf(state, member.invitationId, member.joinedAt);
  if (state.members.has(member.userId)) throw new AppError('ALREADY_MEMBER');
  assertRoom(state.members.size, membersMax);
  return [{ type: 'MemberJoined', data: { ...member, role } }];
}

/** Changes a member's role. Gives no event when the member already has the role. Fails with LAST_OWNER. */
export function decideRole(
  state: OrganizationState,
  { member, role, at }: { member: Member; role: string; at: string },
): OrganizationEvent[] {
  if (member.role === role) return [];
  assertOwned(state, member);
  const { memberId, userId, role: previousRole } = member;
  return [{ type: 'MemberRoleChanged', data: { memberId, userId, role, previousRole, changedAt: at } }];
}

/** Removes a member. Fails with LAST_OWNER. */
export function decideRemoval(
  state: OrganizationState,
  { member, at }: { member: Member; at: string },
): OrganizationEvent[] {
  assertOwned(state, member);
  const { memberId, userId } = member;
  return [{ type: 'MemberRemoved', data: { memberId, userId, removedAt: at } }];
}

/** Fails with LAST_OWNER for the only owner of an organization, and for the person of a personal one. */
function assertOwned({ organization, members }: OrganizationState, { userId, role }: Member): void {
  if (role !== 'owner') return;
  if (organization?.kind === 'personal' && organization.ownerId === userId) {
    throw new AppError('LAST_OWNER', { safeMessage: 'A personal organization stays with its person' });
  }
  for (const other of members.values()) if (other.role === 'owner' && other.userId !== userId) return;
  throw new AppError('LAST_OWNER');
}

function assertRoom(members: number, membersMax: number): void {
  if (members < membersMax) return;
  const safeMessage = `This organization has ${membersMax} members and invitations, as many as it may; remove some or ask the operator for more`;
  throw new AppError('QUOTA_EXCEEDED', { safeMessage });
}

function revoked(invitationId: string, revokedAt: string): OrganizationEvent {
  return { type: 'InvitationRevoked', data: { invitationId, revokedAt } };
}
