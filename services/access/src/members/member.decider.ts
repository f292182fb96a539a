import type { Member, OrganizationEvent, OrganizationState } from '#libs/events';
import { AppError } from '#libs/kernel';

type Invitation = Extract<OrganizationEvent, { type: 'MemberInvited' }>['data'];
type Joined = Extract<OrganizationEvent, { type: 'MemberJoined' }>['data'];

/** Fails with NOT_FOUND. */
export function memberOf({ members }: OrganizationState, memberId: string): Member {
  for (const member of members.values()) if (member.memberId === memberId) return member;
  throw new AppError('NOT_FOUND');
}

/** Fails with NOT_FOUND for an invitation that was accepted or revoked; one that has run out is still there. */
export function invitationOf({ invitations }: OrganizationState, invitationId: string): Invitation {
  const invitation = invitations.get(invitationId);
  if (!invitation) throw new AppError('NOT_FOUND');
  return invitation;
}

/** Fails with NOT_FOUND also for one that has run out. */
export function openInvitationOf(state: OrganizationState, invitationId: string, at: string): Invitation {
  const invitation = invitationOf(state, invitationId);
  if (invitation.expiresAt <= at) throw new AppError('NOT_FOUND');
  return invitation;
}

interface InvitationFacts {
  readonly invitation: Invitation;
  /** The user with the invited address; null when there is none. */
  readonly userId: string | null;
  /** Ids that the same address was invited under before, whether the invitations still stand or ever came to be. */
  readonly replaces: readonly string[];
  readonly membersMax: number;
}

/** An invitation that replaces the earlier ones of the same address. Open ones count as members: they may all be accepted. */
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

/** Fails with NOT_FOUND; one that has run out can still be revoked, which erases its address. */
export function decideInvitationEnd(
  state: OrganizationState,
  { invitationId, at }: { invitationId: string; at: string },
): OrganizationEvent[] {
  return [revoked(invitationOf(state, invitationId).invitationId, at)];
}

/** Uses up an invitation. Fails with NOT_FOUND when it is none any more, ALREADY_MEMBER, QUOTA_EXCEEDED. */
export function decideJoin(
  state: OrganizationState,
  { member, membersMax }: { member: Omit<Joined, 'role'> & { invitationId: string }; membersMax: number },
): OrganizationEvent[] {
  const { role } = openInvitationOf(state, member.invitationId, member.joinedAt);
  if (state.members.has(member.userId)) throw new AppError('ALREADY_MEMBER');
  assertRoom(state.members.size, membersMax);
  return [{ type: 'MemberJoined', data: { ...member, role } }];
}

/** Nothing when the member has the role already. Fails with LAST_OWNER. */
export function decideRole(
  state: OrganizationState,
  { member, role, at }: { member: Member; role: string; at: string },
): OrganizationEvent[] {
  if (member.role === role) return [];
  assertOwned(state, member);
  const { memberId, userId, role: previousRole } = member;
  return [{ type: 'MemberRoleChanged', data: { memberId, userId, role, previousRole, changedAt: at } }];
}

/** Fails with LAST_OWNER. */
export function decideRemoval(
  state: OrganizationState,
  { member, at }: { member: Member; at: string },
): OrganizationEvent[] {
  assertOwned(state, member);
  const { memberId, userId } = member;
  return [{ type: 'MemberRemoved', data: { memberId, userId, removedAt: at } }];
}

/** Refuses what would leave an organization without an owner, or a person without the personal one. */
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
