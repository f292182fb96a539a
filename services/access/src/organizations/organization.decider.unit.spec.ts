import { founded, givenOrganization } from '#libs/testing';
import {
  decideFirstOrganization,
  decideOrganization,
  decideOrganizationChange,
} from './organization.decider';

const at = '2026-11-24T10:00:00.000Z';
const key = { keyId: 'key_1', name: 'First key', scopes: [], hash: 'aa', issuedAt: at, expiresAt: null };
const first = { orgId: 'org_1', name: 'Mine', key, at };
const another = {
  orgId: 'org_2',
  name: 'Two',
  kind: 'shared',
  ownerId: 'usr_1',
  memberId: 'mem_1',
  at,
} as const;

describe('decideFirstOrganization', () => {
  it('makes an organization and its first key', () => {
    givenOrganization()
      .when((state) => decideFirstOrganization(state, first))
      .then(
        {
          type: 'OrganizationCreated',
          data: { orgId: 'org_1', name: 'Mine', createdAt: at, kind: 'shared', ownerId: null },
        },
        { type: 'ApiKeyIssued', data: key },
      );
  });

  it('makes it once', () => {
    givenOrganization(...founded('usr_1'))
      .when((state) => decideFirstOrganization(state, first))
      .then();
  });
});

describe('decideOrganization', () => {
  it('makes an organization with its owner', () => {
    givenOrganization()
      .when((state) => decideOrganization(state, another))
      .then(
        {
          type: 'OrganizationCreated',
          data: { orgId: 'org_2', name: 'Two', createdAt: at, kind: 'shared', ownerId: 'usr_1' },
        },
        {
          type: 'MemberJoined',
          data: { memberId: 'mem_1', userId: 'usr_1', role: 'owner', joinedAt: at, invitationId: null },
        },
      );
  });

  it('makes it once', () => {
    givenOrganization(...founded('usr_1'))
      .when((state) => decideOrganization(state, another))
      .then();
  });
});

describe('decideOrganizationChange', () => {
  const changed = (name: string, recoveryDays: number | null) =>
    ({ type: 'OrganizationChanged', data: { name, recoveryDays, changedAt: at } }) as const;

  it('changes what is sent and keeps the rest', () => {
    givenOrganization(...founded('usr_1'))
      .when((state) => decideOrganizationChange(state, { name: 'New', at }))
      .then(changed('New', null));
    givenOrganization(...founded('usr_1'), changed('New', 3))
      .when((state) => decideOrganizationChange(state, { recoveryDays: 0, at }))
      .then(changed('New', 0));
    givenOrganization(...founded('usr_1'), changed('New', 3))
      .when((state) => decideOrganizationChange(state, { recoveryDays: null, at }))
      .then(changed('New', null));
  });

  it('says nothing when everything is as asked', () => {
    givenOrganization(...founded('usr_1'), changed('New', 3))
      .when((state) => decideOrganizationChange(state, { name: 'New', recoveryDays: 3, at }))
      .then();
  });

  it('finds nothing to change where there is no organization', () => {
    givenOrganization()
      .when((state) => decideOrganizationChange(state, { name: 'New', at }))
      .thenFails('NOT_FOUND');
  });
});
