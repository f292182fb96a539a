import { Api } from './api';
import { expectRefusal } from './expect-refusal';
import { anyTime, matching } from './matching';
import { ApiKeyRoutes, organizationOf, type Organization } from './organization-api';
import { Server } from './server';

jest.setTimeout(120_000);

const DAY_MS = 86_400_000;
const UNKNOWN = 'org_01jd9x7k2m4n6p8q0r2s4t6v8w';

describe('an organization, seen by a key', () => {
  let server: Server;
  let api: Api;
  let orgId: string;
  const get = (headers: Record<string, string> = {}) =>
    api.call<{ data: Organization }>('GET', `organizations/${orgId}`, { headers });
  const change = (body: unknown, headers: Record<string, string> = {}) =>
    api.call<{ data: Organization }>('PUT', `organizations/${orgId}`, { body, headers });

  beforeAll(async () => {
    server = await Server.start({ env: { RECOVERY_DAYS: '3' } });
    api = Api.of(server);
    orgId = await organizationOf(api);
  });
  afterAll(() => server.discard());

  it('is the one that the first start made', async () => {
    const organization = {
      id: matching(/^org_/),
      name: 'My organization',
      kind: 'shared',
      role: null,
      recovery_days: 3,
      created_at: anyTime(),
    };
    expect((await get()).body).toEqual({ data: organization });
    expect((await api.call('GET', 'organizations')).body).toEqual({ data: [organization] });
  });

  it('changes what is sent and nothing else', async () => {
    const before = (await get()).body.data;
    const renamed = await change({ name: 'Payments' });
    expect([renamed.status, renamed.body.data]).toEqual([200, { ...before, name: 'Payments' }]);
    expect(renamed.headers.get('x-consistency-token')).toMatch(/^\d+$/);
    expect((await change({ recovery_days: 30 })).body.data).toEqual({
      ...before,
      name: 'Payments',
      recovery_days: 30,
    });
    expect((await get()).body.data).toMatchObject({ name: 'Payments', recovery_days: 30 });
    expect((await change({})).status).toBe(200);
    expect((await change({ recovery_days: null })).body.data.recovery_days).toBe(3);
  });

  it.each([
    ['an empty name', { name: '' }, 'name'],
    ['a name that is null', { name: null }, 'name'],
    ['a long name', { name: 'x'.repeat(101) }, 'name'],
    ['a name with a control character', { name: 'a\u0000b' }, 'name'],
    ['days below zero', { recovery_days: -1 }, 'recovery_days'],
    ['too many days', { recovery_days: 366 }, 'recovery_days'],
    ['half a day', { recovery_days: 0.5 }, 'recovery_days'],
    ['days as text', { recovery_days: '7' }, 'recovery_days'],
    ['an unknown field', { kind: 'personal' }, 'kind'],
    ['nothing', null, 'body'],
  ])('refuses %s', async (_, body, field) => {
    const { details } = expectRefusal(await change(body), 422, 'VALIDATION_FAILED');
    expect(details?.map((detail) => detail.field)).toEqual([field]);
  });

  it('is changed once per Idempotency-Key', async () => {
    const headers = { 'idempotency-key': 'rename' };
    const first = await change({ name: 'Once' }, headers);
    await change({ name: 'Meanwhile' });
    const again = await change({ name: 'Once' }, headers);
    expect([again.status, again.text]).toEqual([first.status, first.text]);
    expect((await get()).body.data.name).toBe('Meanwhile');
    expectRefusal(await change({ name: 'Other' }, headers), 422, 'IDEMPOTENCY_KEY_REUSED');
  });

  it('is what the key belongs to, whatever a path or a header says', async () => {
    expect((await get({ 'x-organization-id': orgId })).status).toBe(200);
    expect((await api.list('', { 'x-organization-id': orgId })).status).toBe(200);
    const wrong = [UNKNOWN, 'nonsense', '', 'org_', orgId.toUpperCase(), `${orgId}, ${orgId}`, `${orgId}.x`];
    const refusals = [];
    for (const other of wrong) {
      const headers = { 'x-organization-id': other };
      refusals.push(await get(headers), await api.list('', headers), await api.create('X', 'x', {}, headers));
    }
    for (const other of wrong.slice(0, 2))
      for (const path of ['', '/members', '/invitations', '/api-keys'])
        refusals.push(await api.call('GET', `organizations/${other}${path}`));
    for (const answer of refusals) expectRefusal(answer, 404, 'NOT_FOUND');
    expect(new Set(refusals.map(({ text }) => text.replace(/"request_id":".*?"/, ''))).size).toBe(1);
    expectRefusal(await api.get('X'), 404, 'NOT_FOUND');
    // A stranger learns nothing about which organizations there are.
    for (const path of [`organizations/${orgId}`, `organizations/${UNKNOWN}`, 'organizations/nonsense'])
      expectRefusal(await api.call('GET', path, { key: null }), 401, 'AUTHENTICATION_REQUIRED');
  });

  it('makes no other, and joins none: that is for people', async () => {
    expectRefusal(await api.call('POST', 'organizations', { body: { name: 'B' } }), 403, 'FORBIDDEN');
    const body = { token: 'inv_x' };
    expectRefusal(await api.call('POST', 'invitations/accept', { body }), 403, 'FORBIDDEN');
  });

  describe('decides how long deleted secrets keep their keys', () => {
    /** When the keys of a secret are due, from now, in days. */
    const keptDays = async (name: string): Promise<number> => {
      const deleted = await server.stored.events(['SecretDeleted']);
      const { data = {} } = deleted.find(({ data }) => JSON.stringify(data).includes(`"${name}"`)) ?? {};
      const { shredAfter, deletedAt } = data as Record<string, string>;
      return (Date.parse(shredAfter ?? '') - Date.parse(deletedAt ?? '')) / DAY_MS;
    };

    it('from the next delete on, whichever way it was changed', async () => {
      const windows = [30, 0, 1, null, 365];
      for (const [at, recovery_days] of windows.entries()) {
        await api.create(`KEPT_${at}`, 'value');
        expect((await change({ recovery_days })).status).toBe(200);
        expect((await api.delete(`KEPT_${at}`)).status).toBe(204);
      }
      await server.stop();
      const kept = [];
      for (const at of windows.keys()) kept.push(await keptDays(`KEPT_${at}`));
      expect(kept).toEqual([30, 0, 1, 3, 365]);
      server = await Server.start({ dataDir: server.dataDir, env: { RECOVERY_DAYS: '3' } });
      api = Api.of(server);
    });
  });

  it('takes invitations, one per address, and ends them', async () => {
    const invite = (body: unknown, headers: Record<string, string> = {}) =>
      api.call<{ data: { id: string; accept_link: string } }>(
        'POST',
        `organizations/${orgId}/members/invite`,
        {
          body,
          headers,
        },
      );
    const invitations = async () =>
      (await api.call<{ data: { id: string }[] }>('GET', `organizations/${orgId}/invitations`)).body.data;
    const first = await invite({ email: 'Ada@Example.com' });
    expect(first.status).toBe(201);
    expect(first.headers.get('cache-control')).toBe('no-store');
    const shown = {
      id: matching(/^inv_/),
      email: 'Ada@Example.com',
      role: 'member',
      invited_at: anyTime(),
      expires_at: anyTime(),
    };
    const link = matching(/^http:\/\/127\.0\.0\.1:\d+\/accept-invitation#token=inv_\w{26}\.[\w-]{43}$/);
    expect(first.body.data).toEqual({ ...shown, accept_link: link, mailed: false });
    const { invited_at, expires_at } = first.body.data as unknown as Record<string, string>;
    expect(Date.parse(expires_at ?? '') - Date.parse(invited_at ?? '')).toBe(7 * DAY_MS);
    expect(await invitations()).toEqual([shown]);

    const second = await invite({ email: 'ada@example.COM', role: 'viewer' });
    expect((await invitations()).map(({ id }) => id)).toEqual([second.body.data.id]);

    const headers = { 'idempotency-key': 'invite' };
    const once = await invite({ email: 'eve@example.com' }, headers);
    const again = await invite({ email: 'eve@example.com' }, headers);
    expect([again.status, again.text]).toEqual([201, once.text]);
    expect(await invitations()).toHaveLength(2);

    for (const { id } of await invitations()) {
      const path = `organizations/${orgId}/invitations/${id}`;
      expect((await api.call('DELETE', path)).status).toBe(204);
      expectRefusal(await api.call('DELETE', path), 404, 'NOT_FOUND');
    }
    expect(await invitations()).toEqual([]);
  });

  it.each([
    ['no address', {}, 'email'],
    ['something else', { email: 'ada' }, 'email'],
    ['an object', { email: { $ne: null } }, 'email'],
    ['two addresses', { email: 'a@example.com,b@example.com' }, 'email'],
    ['a header line', { email: 'a@example.com\r\nBcc: b@example.com' }, 'email'],
    ['a long address', { email: `${'a'.repeat(250)}@example.com` }, 'email'],
    ['an unknown role', { email: 'a@example.com', role: 'king' }, 'role'],
    ['an unknown field', { email: 'a@example.com', userId: 'usr_1' }, 'userId'],
  ])('invites nobody with %s', async (_, body, field) => {
    const answer = await api.call('POST', `organizations/${orgId}/members/invite`, { body });
    const { details } = expectRefusal(answer, 422, 'VALIDATION_FAILED');
    expect(details?.map((detail) => detail.field)).toEqual([field]);
  });

  it('gives the roles of admins and owners to nobody on behalf of a key that may not do everything', async () => {
    const keys = new ApiKeyRoutes(api, orgId);
    const { key } = (await keys.issue({ scopes: ['members:manage'] })).body;
    const invite = (role: string) =>
      api.call('POST', `organizations/${orgId}/members/invite`, {
        key,
        body: { email: `${role}@example.com`, role },
      });
    for (const role of ['owner', 'admin']) expectRefusal(await invite(role), 403, 'FORBIDDEN');
    for (const role of ['member', 'viewer']) expect((await invite(role)).status).toBe(201);
  });

  it('puts on record what was refused, by whom and for what', async () => {
    const keys = new ApiKeyRoutes(api, orgId);
    const { key, id } = (await keys.issue({ scopes: ['members:manage'] })).body;
    const headers = { 'user-agent': 'probe/2', 'x-request-id': 'refused-1' };
    expectRefusal(await api.call('GET', 'secrets', { key, headers }), 403, 'FORBIDDEN');
    const body = { email: 'king@example.com', role: 'owner' };
    expectRefusal(
      await api.call('POST', `organizations/${orgId}/members/invite`, { key, body, headers }),
      403,
      'FORBIDDEN',
    );
    await server.stop();
    const refusals = await server.stored.events(['AccessRefused']);
    const rows = refusals.filter(({ metadata }) => metadata['actorId'] === id);
    const common = { cause: 'forbidden', count: 1, address: '127.0.0.1', userAgent: 'probe/2' };
    expect(rows.map(({ data }) => data)).toMatchObject([
      { ...common, action: 'list-secrets' },
      { ...common, action: 'invite-member' },
    ]);
    for (const { metadata } of rows)
      expect(metadata).toMatchObject({ actorId: id, orgId, $correlationId: 'refused-1' });
  });
});

describe('the quota of members', () => {
  it('counts open invitations, holds in a burst, and says so in words', async () => {
    const server = await Server.start({ env: { MEMBERS_PER_ORGANIZATION_MAX: '3' } });
    try {
      const api = Api.of(server);
      const orgId = await organizationOf(api);
      const invite = (email: string) =>
        api.call('POST', `organizations/${orgId}/members/invite`, { body: { email } });
      const burst = await Promise.all(Array.from({ length: 10 }, (_, n) => invite(`u${n}@example.com`)));
      expect(burst.filter(({ status }) => status === 201)).toHaveLength(3);
      for (const answer of burst.filter(({ status }) => status !== 201))
        expect(expectRefusal(answer, 422, 'QUOTA_EXCEEDED').error).toMatch(/ 3 members and invitations/);
      const list = await api.call<{ data: object[] }>('GET', `organizations/${orgId}/invitations`);
      expect(list.body.data).toHaveLength(3);
    } finally {
      await server.discard();
    }
  });
});
