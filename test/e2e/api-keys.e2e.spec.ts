import { parseApiKey } from '#libs/crypto';
import { Redacted } from '#libs/kernel';
import { Api } from './api';
import { tracesBelow } from './canary';
import { expectRefusal } from './expect-refusal';
import { wrongSecretFor } from './forged-key';
import { anyTime, matching } from './matching';
import { ApiKeyRoutes, organizationOf, type NewApiKey } from './organization-api';
import { Server } from './server';
import { until } from './until';

jest.setTimeout(120_000);

/** The clients of these tests fail more often than honest ones do. */
const env = {
  TRUSTED_PROXIES: '127.0.0.1',
  AUTH_FAILURES_PER_ADDRESS: '100000',
  AUTH_FAILURES_PER_KEY: '100000',
};
const secretScopes = ['secrets:list', 'secrets:read', 'secrets:write', 'secrets:delete'];

describe('API keys of an organization', () => {
  let server: Server;
  let api: Api;
  let keys: ApiKeyRoutes;
  let orgId: string;
  /** All that were made: none may be found in what the server keeps. */
  const made: string[] = [];

  const connect = async () => {
    api = Api.of(server);
    orgId = await organizationOf(api);
    keys = new ApiKeyRoutes(api, orgId);
  };
  const make = async (fields: object = {}): Promise<NewApiKey> => {
    const { status, body } = await keys.issue(fields);
    expect(status).toBe(201);
    made.push(body.key);
    return body;
  };
  const statusOf = async (key: string, headers: Record<string, string> = {}) =>
    (await api.call('GET', 'secrets', { key, headers })).status;

  beforeAll(async () => {
    server = await Server.start({ env });
    await connect();
    await api.create('GUARDED', 'guarded value');
  });
  afterAll(() => server.discard());

  it('are shown when they are made, and never again', async () => {
    const answer = await keys.issue({ name: 'Deployment' });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('x-consistency-token')).toMatch(/^\d+$/);
    const { key, ...shown } = answer.body;
    made.push(key);
    expect(shown).toEqual({
      id: matching(/^key_/),
      name: 'Deployment',
      scopes: secretScopes,
      allowed_ips: [],
      created_at: anyTime(),
      expires_at: null,
      last_used_at: null,
      revoked_at: null,
    });
    expect(parseApiKey(new Redacted(key))?.id).toBe(shown.id);
    const list = await keys.list();
    expect(list.status).toBe(200);
    expect(list.body.data.find(({ id }) => id === shown.id)).toEqual(shown);
    expect(list.text).not.toMatch(/hklst_|hash/);
  });

  it('work from the moment they are shown, with their scopes and no other', async () => {
    for (let round = 0; round < 20; round += 1) expect(await statusOf((await make()).key)).toBe(200);
    const { key } = await make({ scopes: ['secrets:list'] });
    expect(await statusOf(key)).toBe(200);
    expectRefusal(await api.call('GET', 'secrets/GUARDED/value', { key }), 403, 'FORBIDDEN');
    expectRefusal(await keys.list({ key }), 403, 'FORBIDDEN');
  });

  it.each([
    ['no name', { name: undefined }, 'name'],
    ['an empty name', { name: '' }, 'name'],
    ['a name of spaces', { name: '  ' }, 'name'],
    ['a name with a line break', { name: 'a\nb' }, 'name'],
    ['a long name', { name: 'x'.repeat(101) }, 'name'],
    ['a name with a lone surrogate', { name: 'a\ud800' }, 'name'],
    ['a name that is an object', { name: { $ne: null } }, 'name'],
    ['an unknown scope', { scopes: ['secrets:everything'] }, 'scopes'],
    ['no scope at all', { scopes: [] }, 'scopes'],
    ['a scope twice', { scopes: ['secrets:list', 'secrets:list'] }, 'scopes'],
    ['scopes that are no list', { scopes: 'secrets:list' }, 'scopes'],
    ['scopes that are null', { scopes: null }, 'scopes'],
    ['a time that is none', { expires_at: 'tomorrow' }, 'expires_at'],
    ['a time that is over', { expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
    ['an address that is none', { allowed_ips: ['localhost'] }, 'allowed_ips'],
    ['a range too wide', { allowed_ips: ['10.0.0.0/33'] }, 'allowed_ips'],
    ['too many ranges', { allowed_ips: Array.from({ length: 51 }, () => '10.0.0.1') }, 'allowed_ips'],
    ['an unknown field', { orgId: 'org_1' }, 'orgId'],
    ['an id', { id: 'key_1' }, 'id'],
  ])('are not made with %s', async (_, fields, field) => {
    const { details, error } = expectRefusal(await keys.issue(fields), 422, 'VALIDATION_FAILED');
    expect(details?.map((detail) => detail.field)).toEqual([field]);
    expect(error).toBe(`Validation failed: ${field} ${details?.[0]?.message}`);
  });

  it('end when their time is over', async () => {
    const { key, expires_at } = await make({ expires_at: new Date(Date.now() + 1_500).toISOString() });
    expect(await statusOf(key)).toBe(200);
    const firstBad = await until(
      async () => ({ at: Date.now(), status: await statusOf(key) }),
      ({ status }) => status !== 200,
    );
    expect(firstBad.at).toBeGreaterThanOrEqual(Date.parse(expires_at ?? '') - 100);
    expectRefusal(await api.call('GET', 'secrets', { key }), 401, 'AUTHENTICATION_REQUIRED');
  });

  it('end for good when they are revoked, and stay in the list', async () => {
    const { id, key } = await make();
    expect(await statusOf(key)).toBe(200);
    const answer = await keys.revoke(id);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(await statusOf(key)).toBe(401);
    expectRefusal(await keys.revoke(id), 404, 'NOT_FOUND');
    expect((await keys.list()).body.data.find((shown) => shown.id === id)).toMatchObject({
      revoked_at: anyTime(),
    });
  });

  it('open nothing after the 204, however busy they are', async () => {
    const { id, key } = await make();
    const answers: { startedAt: number; status: number; text: string }[] = [];
    let isOver = false;
    const load = Array.from({ length: 16 }, async () => {
      while (!isOver) {
        const startedAt = performance.now();
        const path = answers.length % 2 ? 'secrets' : 'secrets/GUARDED/value';
        const { status, text } = await api.call('GET', path, { key });
        answers.push({ startedAt, status, text });
      }
    });
    await until(
      async () => answers.length,
      (count) => count > 200,
    );
    expect((await keys.revoke(id)).status).toBe(204);
    const revokedAt = performance.now();
    await until(
      async () => answers.filter(({ startedAt }) => startedAt > revokedAt).length,
      (count) => count > 200,
    );
    isOver = true;
    await Promise.all(load);
    const after = answers.filter(({ startedAt }) => startedAt > revokedAt);
    expect(new Set(after.map(({ status }) => status))).toEqual(new Set([401]));
    expect(answers.filter(({ status }) => status !== 200 && status !== 401)).toEqual([]);
    expect(answers.some(({ status }) => status === 200)).toBe(true);
  });

  describe('make others', () => {
    const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();
    const inADay = () => new Date(Date.now() + 86_400_000).toISOString();

    it('no wider than themselves', async () => {
      const { key } = await make({ scopes: ['keys:manage', 'secrets:list'] });
      for (const scopes of [['secrets:list'], ['keys:manage'], ['keys:manage', 'secrets:list']]) {
        const answer = await keys.issue({ scopes }, { key });
        expect(answer.status).toBe(201);
        made.push(answer.body.key);
      }
      for (const scopes of [['secrets:read'], ['secrets:list', 'secrets:read'], ['operations'], undefined])
        expectRefusal(await keys.issue({ scopes }, { key }), 403, 'FORBIDDEN');
    });

    it('that live no longer than themselves', async () => {
      const expires_at = inAnHour();
      const { key } = await make({ scopes: ['keys:manage', 'secrets:list'], expires_at });
      const fields = { scopes: ['secrets:list'] };
      for (const longer of [{}, { expires_at: null }, { expires_at: inADay() }])
        expectRefusal(await keys.issue({ ...fields, ...longer }, { key }), 403, 'FORBIDDEN');
      const answer = await keys.issue({ ...fields, expires_at }, { key });
      expect([answer.status, answer.body.expires_at]).toEqual([201, expires_at]);
      made.push(answer.body.key);
    });

    it('that work from no more addresses than themselves', async () => {
      const { key } = await make({ scopes: ['keys:manage'], allowed_ips: ['127.0.0.0/8', '2001:db8::/32'] });
      const fields = { scopes: ['keys:manage'] };
      for (const allowed_ips of [undefined, null, [], ['0.0.0.0/0'], ['127.0.0.1', '10.0.0.1'], ['::/0']])
        expectRefusal(await keys.issue({ ...fields, allowed_ips }, { key }), 403, 'FORBIDDEN');
      for (const allowed_ips of [['127.0.0.1'], ['127.1.0.0/16', '2001:db8:1::/48'], ['::ffff:127.0.0.1']]) {
        const answer = await keys.issue({ ...fields, allowed_ips }, { key });
        expect(answer.status).toBe(201);
        made.push(answer.body.key);
      }
    });

    it('only with the scope for it', async () => {
      const { key } = await make({ scopes: [...secretScopes, 'members:manage', 'operations', 'audit:read'] });
      expectRefusal(await keys.issue({ scopes: ['secrets:list'] }, { key }), 403, 'FORBIDDEN');
      expectRefusal(await keys.revoke('key_1', { key }), 403, 'FORBIDDEN');
    });
  });

  it.each([
    ['192.0.2.0/24', '192.0.2.9', 200],
    ['192.0.2.0/24', '192.0.3.9', 401],
    ['192.0.2.0/24', '::ffff:192.0.2.9', 200],
    ['192.0.2.0/24', '10.0.0.1, 192.0.2.9', 200],
    ['192.0.2.0/24', '192.0.2.9, 10.0.0.1', 401],
    ['2001:db8::/32', '2001:db8:7::1', 200],
    ['2001:db8::/32', '2001:db9::1', 401],
  ])('bound to %s answer %s with %s', async (range, address, status) => {
    const { key } = await make({ allowed_ips: [range] });
    const answer = await api.call('GET', 'secrets', { key, headers: { 'x-forwarded-for': address } });
    expect(answer.status).toBe(status);
    if (status === 401) expectRefusal(answer, 401, 'AUTHENTICATION_REQUIRED');
  });

  it('tell when they were last used, to the minute', async () => {
    const { id, key } = await make();
    const lastUse = async () => (await keys.list()).body.data.find((shown) => shown.id === id)?.last_used_at;
    expect(await lastUse()).toBeNull();
    await statusOf(key);
    const used = await until(lastUse, (time) => typeof time === 'string');
    expect(Math.abs(Date.now() - Date.parse(used ?? ''))).toBeLessThan(10_000);
    for (let time = 0; time < 50; time += 1) await statusOf(key);
    expect(await lastUse()).toBe(used);
  });

  it('are made once per Idempotency-Key, and shown again, also after a kill', async () => {
    const headers = { 'idempotency-key': 'a-key' };
    const burst = await Promise.all(
      Array.from({ length: 20 }, () => keys.issue({ name: 'Once' }, { headers })),
    );
    expect(new Set(burst.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    const [first] = burst;
    expect(first?.status).toBe(201);
    made.push(first?.body.key ?? '');
    expect((await keys.list()).body.data.filter(({ name }) => name === 'Once')).toHaveLength(1);
    expectRefusal(await keys.issue({ name: 'Twice' }, { headers }), 422, 'IDEMPOTENCY_KEY_REUSED');

    await server.kill();
    server = await Server.start({ dataDir: server.dataDir, env });
    await connect();
    const again = await keys.issue({ name: 'Once' }, { headers });
    expect([again.status, again.text]).toEqual([201, first?.text]);
    expect(await statusOf(again.body.key)).toBe(200);
  });

  it('refused leave a record that says which, why and from where', async () => {
    const { id, key } = await make({ allowed_ips: ['192.0.2.0/24'] });
    const from = (address: string) => ({ 'x-forwarded-for': address, 'user-agent': 'probe/1' });
    expect(await statusOf(key, from('10.9.9.9'))).toBe(401);
    expect(await statusOf(wrongSecretFor(key), from('192.0.2.5'))).toBe(401);
    const allowed = from('192.0.2.6');
    expect((await api.call('GET', 'secrets/GUARDED/value', { key, headers: allowed })).status).toBe(200);
    expectRefusal(await keys.list({ key }), 401, 'AUTHENTICATION_REQUIRED');
    await keys.revoke(id);
    expect(await statusOf(key, from('192.0.2.7'))).toBe(401);
    await server.stop();
    const refusals = await server.stored.events(['AccessRefused']);
    const rows = refusals.filter(({ metadata }) => JSON.stringify(metadata).includes(id));
    const seen = rows.map(({ data }) => data);
    expect(seen).toMatchObject([
      { cause: 'address', address: '10.9.9.9', userAgent: 'probe/1', count: 1 },
      { cause: 'wrong-secret', address: '192.0.2.5' },
      { cause: 'address', address: '127.0.0.1' },
      { cause: 'revoked', address: '192.0.2.7' },
    ]);
  });

  it('rest nowhere but with those who made them', () => {
    const texts = [...new Set(made)].flatMap((text) => [text, text.slice(32, -6)]);
    expect(texts.length).toBeGreaterThan(50);
    expect(tracesBelow(server.dataDir, texts, ['first-api-key'])).toEqual([]);
    for (const text of texts) expect(server.printed).not.toContain(text);
  });
});

describe('the quota of API keys', () => {
  let server: Server;
  beforeAll(async () => {
    server = await Server.start({ env: { API_KEYS_PER_ORGANIZATION_MAX: '5' } });
  });
  afterAll(() => server.discard());

  it('holds in a burst, counts what works, and says so in words', async () => {
    const api = Api.of(server);
    const keys = new ApiKeyRoutes(api, await organizationOf(api));
    const burst = await Promise.all(Array.from({ length: 20 }, () => keys.issue({})));
    const good = burst.filter(({ status }) => status === 201);
    // The first key of the installation is one of the five.
    expect(good).toHaveLength(4);
    const refused = burst.filter(({ status }) => status !== 201);
    for (const answer of refused)
      expect(expectRefusal(answer, 422, 'QUOTA_EXCEEDED').error).toMatch(/ 5 API keys/);
    await keys.revoke(good[0]?.body.id ?? '');
    expect((await keys.issue({})).status).toBe(201);
    expectRefusal(await keys.issue({}), 422, 'QUOTA_EXCEEDED');
  });
});
