import type { OrganizationEvent } from '#libs/events';
import { founded, givenOrganization, invited, joined } from '#libs/testing';
import {
  decideInvitationEnd,
  decideInvite,
  decideJoin,
  decideRemoval,
  decideRole,
  memberOf,
} from './member.decider';

const at = '2026-11-24T10:00:00.000Z';
const late = '2026-12-24T10:00:00.000Z';
const invitation = { invitationId: 'inv_9', role: 'viewer', hash: 'cc', invitedAt: at, expiresAt: late };
const invite = { invitation, userId: null, replaces: [] as string[], membersMax: 5 };
const invitationMade: OrganizationEvent = { type: 'MemberInvited', data: invitation };
const ended = (invitationId: string): OrganizationEvent => ({
  type: 'InvitationRevoked',
  data: { invitationId, revokedAt: at },
});

describe('decideInvite', () => {
  it('invites', () => {
    givenOrganization(...founded('usr_1'))
      .when((state) => decideInvite(state, invite))
      .then(invitationMade);
  });

  it('replaces every earlier invitation of the address that still stands', () => {
    givenOrganization(...founded('usr_1'), invited('inv_1'), invited('inv_2'))
      .when((state) => decideInvite(state, { ...invite, replaces: ['inv_3', 'inv_2', 'inv_1'] }))
      .then(ended('inv_2'), ended('inv_1'), invitationMade);
    givenOrganization(...founded('usr_1'), invited('inv_1'))
      .when((state) => decideInvite(state, { ...invite, replaces: ['inv_1'] }))
      .then(ended('inv_1'), invitationMade);
    givenOrganization(...founded('usr_1'), invited('inv_1'), ended('inv_1'))
      .when((state) => decideInvite(state, { ...invite, replaces: ['inv_1'] }))
      .then(invitationMade);
  });

  it('invites no member, but somebody who was one', () => {
    const past = [...founded('usr_1'), joined('usr_2', 'member')];
    givenOrganization(...past)
      .when((state) => decideInvite(state, { ...invite, userId: 'usr_2' }))
      .thenFails('ALREADY_MEMBER');
    const left: OrganizationEvent = {
      type: 'MemberRemoved',
      data: { memberId: 'mem_2', userId: 'usr_2', removedAt: at },
    };
    givenOrganization(...past, left)
      .when((state) => decideInvite(state, { ...invite, userId: 'usr_2' }))
      .then(invitationMade);
  });

  it('counts members and open invitations against the quota', () => {
    const past = [...founded('usr_1'), joined('usr_2', 'member'), invited('inv_1')];
    givenOrganization(...past)
      .when((state) => decideInvite(state, { ...invite, membersMax: 3 }))
      .thenFails('QUOTA_EXCEEDED');
    givenOrganization(...past)
      .when((state) => decideInvite(state, { ...invite, membersMax: 4 }))
      .then(invitationMade);
    givenOrganization(...past)
      .when((state) => decideInvite(state, { ...invite, membersMax: 3, replaces: ['inv_1'] }))
      .then(ended('inv_1'), invitationMade);
  });

  it('does not count what has run out', () => {
    givenOrganization(...founded('usr_1'), invited('inv_1', at))
      .when((state) => decideInvite(state, { ...invite, membersMax: 2 }))
      .then(invitationMade);
  });
});

describe('decideInvitationEnd', () => {
  it('ends an invitation, once', () => {
    givenOrganization(...founded('usr_1'), invited('inv_1'))
      .when((state) => decideInvitationEnd(state, { invitationId: 'inv_1', at }))
      .then(ended('inv_1'));
    for (const past of [[], [invited('inv_1'), ended('inv_1')], [joined('usr_2', 'member', 'inv_1')]])
      givenOrganization(...founded('usr_1'), ...past)
        .when((state) => decideInvitationEnd(state, { invitationId: 'inv_1', at }))
        .thenFails('NOT_FOUND');
  });
});

describe('decideJoin', () => {
  const member = { memberId: 'mem_2', userId: 'usr_2', joinedAt: at, invitationId: 'inv_1' };
  const join = { member, membersMax: 5 };

  it('joins in the role of the invitation, and uses it up', () => {
    const past = [...founded('usr_1'), invited('inv_1')];
    const event: OrganizationEvent = { type: 'MemberJoined', data: { ...member, role: 'member' } };
    givenOrganization(...past)
      .when((state) => decideJoin(state, join))
      .then(event);
    givenOrganization(...past, event)
      .when((state) => decideJoin(state, { ...join, member: { ...member, userId: 'usr_3' } }))
      .thenFails('NOT_FOUND');
  });

  it('is over when the invitation is', () => {
    givenOrganization(...founded('usr_1'), invited('inv_1', at))
      .when((state) => decideJoin(state, join))
      .thenFails('NOT_FOUND');
    givenOrganization(...founded('usr_1'), invited('inv_1'), ended('inv_1'))
      .when((state) => decideJoin(state, join))
      .thenFails('NOT_FOUND');
  });

  it('takes nobody twice, and nobody beyond the quota', () => {
    givenOrganization(...founded('usr_1'), joined('usr_2', 'viewer'), invited('inv_1'))
      .when((state) => decideJoin(state, join))
      .thenFails('ALREADY_MEMBER');
    givenOrganization(...founded('usr_1'), invited('inv_1'))
      .when((state) => decideJoin(state, { ...join, membersMax: 1 }))
      .thenFails('QUOTA_EXCEEDED');
  });
});

describe('decideRole', () => {
  const change = (id: string, role: string) => (state: Parameters<typeof memberOf>[0]) =>
    decideRole(state, { member: memberOf(state, id), role, at });
  const changed = (user: string, role: string, previousRole: string): OrganizationEvent => ({
    type: 'MemberRoleChanged',
    data: { memberId: user.replace('usr', 'mem'), userId: user, role, previousRole, changedAt: at },
  });

  it('gives another role, and says nothing when it is the same', () => {
    const past = [...founded('usr_1'), joined('usr_2', 'member')];
    givenOrganization(...past)
      .when(change('mem_2', 'admin'))
      .then(changed('usr_2', 'admin', 'member'));
    givenOrganization(...past)
      .when(change('mem_2', 'member'))
      .then();
  });

  it('keeps the last owner, and lets one of two go', () => {
    givenOrganization(...founded('usr_1'), joined('usr_2', 'admin'))
      .when(change('mem_1', 'admin'))
      .thenFails('LAST_OWNER');
    givenOrganization(...founded('usr_1'), joined('usr_2', 'owner'))
      .when(change('mem_1', 'viewer'))
      .then(changed('usr_1', 'viewer', 'owner'));
    givenOrganization(...founded('usr_1'), joined('usr_2', 'owner'), changed('usr_2', 'admin', 'owner'))
      .when(change('mem_1', 'viewer'))
      .thenFails('LAST_OWNER');
  });

  it('knows no member by another id', () => {
    givenOrganization(...founded('usr_1'))
      .when(change('usr_1', 'viewer'))
      .thenFails('NOT_FOUND');
  });
});

describe('decideRemoval', () => {
  const remove = (id: string) => (state: Parameters<typeof memberOf>[0]) =>
    decideRemoval(state, { member: memberOf(state, id), at });

  it('removes a member, but not the last owner', () => {
    const past = [...founded('usr_1'), joined('usr_2', 'admin')];
    givenOrganization(...past)
      .when(remove('mem_2'))
      .then({ type: 'MemberRemoved', data: { memberId: 'mem_2', userId: 'usr_2', removedAt: at } });
    givenOrganization(...past)
      .when(remove('mem_1'))
      .thenFails('LAST_OWNER');
  });

  it('leaves a personal organization to its person, whoever else owns it', () => {
    const past = [...founded('usr_1', 'personal'), joined('usr_2', 'owner')];
    givenOrganization(...past)
      .when(remove('mem_1'))
      .thenFails('LAST_OWNER');
    givenOrganization(...past)
      .when(remove('mem_2'))
      .then({ type: 'MemberRemoved', data: { memberId: 'mem_2', userId: 'usr_2', removedAt: at } });
  });
});
