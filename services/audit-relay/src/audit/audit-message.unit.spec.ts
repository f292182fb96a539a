import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { RecordedEvent } from '#libs/event-store';
import { eventVersions } from '#libs/events';
import { toAuditMessage } from './audit-message';
import { auditTypes } from './audit-types';

const folder = path.join(__dirname, '../../../../test/fixtures/events');
const id = '6b2f1a52-0000-5000-8000-000000000001';
const orgId = 'org_01jd9x7k2m4n6p8q0r2s4t6v8w';
const secretId = 'sec_01jd9x7k2m4n6p8q0r2s4t6v8w';

/** A golden file as the log would give it back. */
function golden(name: string): RecordedEvent {
  const event = JSON.parse(readFileSync(path.join(folder, `${name}.json`), 'utf8')) as RecordedEvent;
  return { ...event, id, stream: `secret-${orgId}.${secretId}`, revision: '7', position: '4711' };
}

/** What may leave, and under which name; everything else in an event must stay inside. */
const who = {
  'metadata.orgId': ['key', 'ce_source', 'organization_id'],
  'metadata.actorType': ['actor_type'],
  'metadata.actorId': ['actor_id'],
  'metadata.$correlationId': ['request_id'],
  'metadata.occurredAt': ['ce_time', 'time'],
  id: ['ce_id'],
};
const secret = {
  'data.secret.id': ['key', 'ce_subject', 'secret_id'],
  'data.secret.name': ['name'],
  'data.secret.version': ['version'],
  'data.secret.tags.0': ['tags'],
  'data.secret.tags.1': ['tags'],
  'data.secret.expiresAt': ['expires_at'],
};
/** Where no secret and no key is concerned. */
const organization = { ...who, 'metadata.orgId': [...who['metadata.orgId'], 'ce_subject'] };
const member = { 'data.memberId': ['member_id'], 'data.userId': ['user_id'] };
const invitation = { 'data.invitationId': ['invitation_id'] };
const ref = { 'data.secretId': ['key', 'ce_subject', 'secret_id'] };
const mayLeave: Record<string, Record<string, string[]>> = {
  OrganizationCreated: { ...organization, 'data.name': ['name'] },
  ApiKeyIssued: {
    ...who,
    'data.keyId': ['ce_subject', 'key_id'],
    'data.name': ['name'],
    'data.scopes.0': ['scopes'],
    'data.scopes.1': ['scopes'],
    'data.expiresAt': ['expires_at'],
  },
  KeyEncryptionKeyRotated: { ...organization, 'data.generation': ['generation'] },
  OrganizationChanged: { ...organization, 'data.name': ['name'], 'data.recoveryDays': ['recovery_days'] },
  MemberInvited: { ...organization, ...invitation, 'data.role': ['role'], 'data.expiresAt': ['expires_at'] },
  InvitationRevoked: { ...organization, ...invitation },
  MemberJoined: { ...organization, ...member, ...invitation, 'data.role': ['role'] },
  MemberRoleChanged: {
    ...organization,
    ...member,
    'data.role': ['role'],
    'data.previousRole': ['previous_role'],
  },
  MemberRemoved: { ...organization, ...member },
  ApiKeyRevoked: { ...who, 'data.keyId': ['ce_subject', 'key_id'] },
  AccessRefused: {
    ...organization,
    'data.action': ['action'],
    'data.cause': ['cause'],
    'data.count': ['count'],
    'data.address': ['address'],
    'data.userAgent': ['user_agent'],
  },
  SignedIn: {
    ...organization,
    'data.sessionId': ['session_id'],
    'data.method': ['method'],
    'data.secondFactor': ['second_factor'],
    'data.address': ['address'],
    'data.userAgent': ['user_agent'],
  },
  SignedOut: {
    ...organization,
    'data.sessionIds.0': ['session_ids'],
    'data.cause': ['cause'],
    'data.address': ['address'],
    'data.userAgent': ['user_agent'],
  },
  CredentialChanged: {
    ...organization,
    'data.credential': ['credential'],
    'data.change': ['change'],
    'data.address': ['address'],
    'data.userAgent': ['user_agent'],
  },
  SecretCreated: { ...who, ...secret },
  SecretUpdated: { ...who, ...secret, 'data.reason': ['reason'] },
  SecretMetadataChanged: { ...who, ...secret },
  SecretRenamed: { ...who, ...secret, 'data.previousName': ['previous_name'] },
  SecretDeleted: { ...who, ...secret, 'data.shredAfter': ['shred_after'] },
  SecretShredStarted: { ...who, ...ref },
  SecretShredded: { ...who, ...ref },
  SecretRead: {
    ...who,
    ...ref,
    'data.version': ['version'],
    'data.address': ['address'],
    'data.userAgent': ['user_agent'],
  },
};
const isPrivate = ['SecretCreationAbandoned', 'SecretNameClaimed', 'SecretNameReleased'];

interface Planted {
  readonly event: RecordedEvent;
  /** Where each canary was put. */
  readonly places: ReadonlyMap<string, string>;
}

/** The event with a canary of its own in every field, and in a field nobody knows at every level. */
function plant(event: RecordedEvent): Planted {
  const places = new Map<string, string>();
  const canaryAt = (place: string) => {
    const canary = `canary-${places.size}-`;
    places.set(canary, place);
    return canary;
  };
  const walk = (value: unknown, place: string): unknown => {
    // Decides which mapper is asked.
    if (place === 'type' || place === 'metadata.schemaVersion') return value;
    if (Array.isArray(value)) return value.map((item, index) => walk(item, `${place}.${index}`));
    if (typeof value !== 'object' || value === null) return canaryAt(place);
    const inside = place === '' ? '' : `${place}.`;
    const entries = Object.entries({ ...value, unknown: 1 });
    return Object.fromEntries(entries.map(([name, item]) => [name, walk(item, `${inside}${name}`)]));
  };
  return { event: walk(event, '') as RecordedEvent, places };
}

/** Where each place of the event shows up in the message. */
function leaks({ event, places }: Planted): Record<string, string[]> {
  const message = toAuditMessage(event);
  if (!message) return {};
  const { key, headers, body } = message;
  const texts = { key, ...headers, ...(JSON.parse(body) as Record<string, unknown>) };
  const found: Record<string, string[]> = {};
  for (const [name, text] of Object.entries(texts)) {
    for (const [canary, place] of places)
      if (JSON.stringify(text).includes(canary)) (found[place] ??= []).push(name);
  }
  return found;
}

describe('toAuditMessage', () => {
  const names = readdirSync(folder).map((file) => path.basename(file, '.json'));

  it.each(names)('lets nothing out of %s but what may leave', (name) => {
    const event = golden(name);
    const allowed = mayLeave[event.type];
    expect(allowed === undefined).toBe(isPrivate.includes(event.type));
    // With values of the right kind as well: what is null in one golden file is not in the next.
    const filled = event.type === 'SecretMetadataChanged' ? withTags(event) : event;
    expect(sorted(leaks(plant(filled)))).toEqual(sorted(allowed ?? {}));
  });

  it('tells of a reading who, what, when and from where', () => {
    expect(toAuditMessage(golden('SecretRead.v1'))).toEqual({
      key: `${orgId}/${secretId}`,
      headers: {
        ce_specversion: '1.0',
        ce_id: id,
        ce_type: 'hklst.secret.read.v1',
        ce_source: `/organizations/${orgId}`,
        ce_subject: `secrets/${secretId}`,
        ce_time: '2026-11-23T10:00:00.000Z',
        'content-type': 'application/json',
      },
      body: JSON.stringify({
        time: '2026-11-23T10:00:00.000Z',
        organization_id: orgId,
        actor_type: 'api-key',
        actor_id: 'key_01jd9x7k2m4n6p8q0r2s4t6v8w',
        request_id: 'req-1',
        secret_id: secretId,
        version: 1,
        address: '192.0.2.7',
        user_agent: 'curl/8.5.0',
      }),
    });
  });

  it('keys by organization what concerns no secret', () => {
    const created = toAuditMessage(golden('OrganizationCreated.v1'));
    const issued = toAuditMessage(golden('ApiKeyIssued.v1'));
    expect([created?.key, issued?.key]).toEqual([orgId, orgId]);
    expect(created?.headers['ce_subject']).toBe(`organizations/${orgId}`);
    expect(issued?.headers['ce_subject']).toBe('api-keys/key_01jd9x7k2m4n6p8q0r2s4t6v8w');
  });

  it.each(isPrivate)('says nothing about %s', (type) => {
    expect(toAuditMessage(golden(`${type}.v1`))).toBeNull();
  });

  it.each([
    ['an unknown type', { type: 'SecretTeleported' }],
    ['a type that every object inherits', { type: 'constructor' }],
  ])('refuses %s', (_, change) => {
    expect(() => toAuditMessage({ ...golden('SecretCreated.v1'), ...change })).toThrow('newer');
  });

  it('refuses a version from the future', () => {
    const event = golden('SecretCreated.v1');
    const metadata = { ...event.metadata, schemaVersion: String(eventVersions.SecretCreated + 1) };
    expect(() => toAuditMessage({ ...event, metadata })).toThrow('newer');
  });

  it('has one CloudEvents type per event type', () => {
    const types = Object.values(auditTypes).flatMap((audit) => audit?.type ?? []);
    expect(new Set(types).size).toBe(types.length);
    for (const type of types) expect(type).toMatch(/^hklst\.[a-z-]+\.[a-z-]+\.v[1-9]$/);
  });
});

function withTags(event: RecordedEvent): RecordedEvent {
  const { secret: snapshot } = event.data as unknown as { secret: object };
  return { ...event, data: { secret: { ...snapshot, tags: ['prod', 'payments'] } } };
}

function sorted(found: Record<string, string[]>): [string, string[]][] {
  return Object.entries(found)
    .map(([place, names]): [string, string[]] => [place, [...names].sort()])
    .sort();
}
