import { readFileSync } from 'node:fs';
import path from 'node:path';
import { evolveOrganization, noOrganization } from './organization.fold';
import { nameHolder } from './secret-name.events';
import { evolveSecret, noSecret, type SecretState } from './secret.fold';

interface Golden {
  type: string;
  data: Record<string, unknown>;
  metadata: { actorId: string };
}

const golden = (name: string) => {
  const file = path.join(__dirname, '../../../test/fixtures/events', `${name}.json`);
  return JSON.parse(readFileSync(file, 'utf8')) as Golden;
};

const fold = (...names: string[]) =>
  names.reduce<SecretState>((state, name) => evolveSecret(state, golden(name)), noSecret);

const [inv, usr, key] = ['inv', 'usr', 'key'].map((prefix) => `${prefix}_01jd9x7k2m4n6p8q0r2s4t6v8w`) as [
  string,
  string,
  string,
];

describe('golden events', () => {
  it('fold into a living secret with both versions', () => {
    const state = fold(
      'SecretCreated.v1',
      'SecretUpdated.v1',
      'SecretMetadataChanged.v1',
      'SecretRenamed.v1',
    );
    expect(state).toMatchObject({
      status: 'live',
      secret: { name: 'STRIPE_SECRET', version: 2, insertedAt: '2026-11-23T10:00:00.000Z' },
      versions: [
        { version: 1, dataKeyId: '000102030405060708090a0b0c0d0e0f', at: 0 },
        { version: 2, dataKeyId: '101112131415161718191a1b1c1d1e1f', at: 1 },
      ],
      sealed: { dataKeyId: '101112131415161718191a1b1c1d1e1f' },
      changes: 4,
    });
  });

  it('fold through deletion and shredding', () => {
    const past = ['SecretCreated.v1', 'SecretDeleted.v1'];
    expect(fold(...past)).toMatchObject({ status: 'deleted', shredAfter: '2026-11-30T14:00:00.000Z' });
    expect(fold(...past, 'SecretShredStarted.v1').status).toBe('shredding');
    expect(fold(...past, 'SecretShredStarted.v1', 'SecretShredded.v1').status).toBe('shredded');
    expect(fold('SecretCreationAbandoned.v1').status).toBe('abandoned');
  });

  it('say who holds a name', () => {
    expect(nameHolder(golden('SecretNameClaimed.v1'))?.secretId).toBe('sec_01jd9x7k2m4n6p8q0r2s4t6v8w');
    expect(nameHolder(golden('SecretNameReleased.v1'))).toBeNull();
    expect(nameHolder(undefined)).toBeNull();
  });

  it('fold into an organization with its key', () => {
    const names = ['OrganizationCreated.v1', 'ApiKeyIssued.v1'];
    const state = names.reduce((before, name) => evolveOrganization(before, golden(name)), noOrganization);
    expect(state.organization?.name).toBe('My organization');
    expect(state.keys.get('key_01jd9x7k2m4n6p8q0r2s4t6v8w')?.scopes).toEqual([
      'secrets:list',
      'secrets:read',
    ]);
  });

  it('fold through the life of an organization, its members and its keys', () => {
    const organizationOf = (...names: string[]) =>
      names.reduce((before, name) => evolveOrganization(before, golden(name)), noOrganization);
    const invited = ['OrganizationCreated.v1', 'OrganizationChanged.v1', 'MemberInvited.v1'];
    expect(organizationOf(...invited)).toMatchObject({
      organization: { name: 'Payments', kind: 'shared', recoveryDays: 30 },
      invitations: new Map([[inv, expect.objectContaining({ role: 'member' })]]),
    });
    expect(organizationOf(...invited, 'InvitationRevoked.v1').invitations.size).toBe(0);
    const joined = organizationOf(...invited, 'MemberJoined.v1');
    expect(joined.invitations.size).toBe(0);
    expect(joined.members.get(usr)?.role).toBe('member');
    const raised = organizationOf(...invited, 'MemberJoined.v1', 'MemberRoleChanged.v1');
    expect(raised.members.get(usr)?.role).toBe('admin');
    expect(organizationOf('MemberJoined.v1', 'MemberRemoved.v1').members.size).toBe(0);
    const revoked = organizationOf('ApiKeyIssued.v1', 'ApiKeyRevoked.v1').keys.get(key);
    expect(revoked?.revokedAt).toBe('2026-11-23T10:00:00.000Z');
  });

  it('are refused by a fold when their type is unknown or cannot follow', () => {
    const unknown = { type: 'SecretTeleported', data: {}, metadata: { actorId: 'x' } };
    expect(() => evolveSecret(noSecret, unknown)).toThrow('SecretTeleported');
    expect(() => evolveOrganization(noOrganization, unknown)).toThrow('SecretTeleported');
    expect(() => evolveOrganization(noOrganization, golden('OrganizationChanged.v1'))).toThrow('not exist');
    expect(() => evolveOrganization(noOrganization, golden('MemberRoleChanged.v1'))).toThrow('no member');
    expect(() => fold('SecretUpdated.v1')).toThrow('absent');
    expect(() => fold('SecretCreated.v1', 'SecretShredded.v1')).toThrow('live');
  });
});
