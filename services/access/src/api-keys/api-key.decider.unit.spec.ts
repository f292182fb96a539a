import { founded, givenOrganization, issued, revoked } from '#libs/testing';
import { decideIssue, decideKeyEnd } from './api-key.decider';

const at = '2026-11-24T10:00:00.000Z';
const soon = '2026-11-25T10:00:00.000Z';
const later = '2026-11-26T10:00:00.000Z';
const key = {
  keyId: 'key_9',
  name: 'CI',
  scopes: ['secrets:list'],
  hash: 'cc',
  issuedAt: at,
  expiresAt: soon,
};
const issue = { key, makerExpiresAt: null, keysMax: 2 };

describe('decideIssue', () => {
  it('makes a key', () => {
    givenOrganization(...founded('usr_1'))
      .when((state) => decideIssue(state, issue))
      .then({ type: 'ApiKeyIssued', data: key });
  });

  it.each([
    ['as long', soon, soon, null],
    ['shorter', soon, later, null],
    ['longer', later, soon, 'FORBIDDEN'],
    ['for ever', null, soon, 'FORBIDDEN'],
    ['for ever, by one that does', null, null, null],
  ] as const)('lets a key live %s', (_, expiresAt, makerExpiresAt, code) => {
    const decided = givenOrganization(...founded('usr_1')).when((state) =>
      decideIssue(state, { ...issue, key: { ...key, expiresAt }, makerExpiresAt }),
    );
    if (code) decided.thenFails(code);
    else decided.then({ type: 'ApiKeyIssued', data: { ...key, expiresAt } });
  });

  it('makes none that has run out already', () => {
    givenOrganization(...founded('usr_1'))
      .when((state) => decideIssue(state, { ...issue, key: { ...key, expiresAt: at } }))
      .thenFails('VALIDATION_FAILED');
  });

  it('counts the keys that work against the quota, and no other', () => {
    const past = [
      ...founded('usr_1'),
      issued('key_1'),
      revoked('key_1'),
      issued('key_2', at),
      issued('key_3'),
    ];
    givenOrganization(...past)
      .when((state) => decideIssue(state, issue))
      .then({ type: 'ApiKeyIssued', data: key });
    givenOrganization(...past, issued('key_4'))
      .when((state) => decideIssue(state, issue))
      .thenFails('QUOTA_EXCEEDED');
  });
});

describe('decideKeyEnd', () => {
  it('revokes a key, once', () => {
    givenOrganization(...founded('usr_1'), issued('key_1'))
      .when((state) => decideKeyEnd(state, { keyId: 'key_1', at }))
      .then({ type: 'ApiKeyRevoked', data: { keyId: 'key_1', revokedAt: at } });
    for (const past of [[], [issued('key_1'), revoked('key_1')]])
      givenOrganization(...founded('usr_1'), ...past)
        .when((state) => decideKeyEnd(state, { keyId: 'key_1', at }))
        .thenFails('NOT_FOUND');
  });
});
