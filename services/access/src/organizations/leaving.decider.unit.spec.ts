import type { OrganizationEvent } from '#libs/events';
import { founded, givenOrganization, joined } from '#libs/testing';
import { decideGone, decideLeaving } from './leaving.decider';

const at = '2026-11-24T10:00:00.000Z';
const leaving = { userId: 'usr_1', at };
const past = [...founded('usr_1'), joined('usr_2', 'member')];
const removed: OrganizationEvent = {
  type: 'MemberRemoved',
  data: { memberId: 'mem_1', userId: 'usr_1', removedAt: at },
};

describe('decideLeaving', () => {
  it('keeps the last owner of others', () => {
    givenOrganization(...past)
      .when((state) => decideLeaving(state, leaving))
      .thenFails('LAST_OWNER');
  });
});

describe('decideGone', () => {
  it('removes also the last owner of others, once', () => {
    givenOrganization(...past)
      .when((state) => decideGone(state, leaving))
      .then(removed);
    givenOrganization(...past, removed)
      .when((state) => decideGone(state, leaving))
      .then();
  });
});
