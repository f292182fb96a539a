// Runs alone: it compares the times that answers take.
import { Agent, request } from 'node:http';
import { parseApiKey } from '#libs/crypto';
import { Redacted } from '#libs/kernel';
import { Api } from './api';
import { tracesBelow } from './canary';
import { expectRefusal } from './expect-refusal';
import { flipped, unknownKey, wrongSecretFor } from './forged-key';
import { matching } from './matching';
import { ApiKeyRoutes, organizationOf } from './organization-api';
import { measured, Server } from './server';
import { until } from './until';

jest.setTimeout(120_000);

describe('API keys', () => {
  let server: Server;
  let api: Api;
  let key: string;
  /** All keys that were sent to a wrong place: none may be found anywhere. */
  const misplaced: string[] = [];

  beforeAll(async () => {
    const first = await Server.start();
    await first.stop();
    // The first start prints the key; from here on nothing that is printed may hold one. Nobody honest fails as often.
    const env = { AUTH_FAILURES_PER_ADDRESS: '0', AUTH_FAILURES_PER_KEY: '0' };
    server = await Server.start({ dataDir: first.dataDir, env });
    api = Api.of(server);
    key = server.apiKey;
    await api.create('GUARDED', 'guarded value');
  });
  afterAll(() => server.discard());

  it('open the API, whatever the case of the scheme', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER'])
      expect(
        (await api.call('GET', 'secrets', { headers: { authorization: `${scheme} ${key}` } })).status,
      ).toBe(200);
  });

  const bad: Record<string, () => string | null> = {
    'no credential': () => null,
    'an empty one': () => '',
    'a scheme alone': () => 'Bearer',
    'a scheme and a space': () => 'Bearer ',
    'another scheme': () => `Basic ${Buffer.from(`x:${key}`).toString('base64')}`,
    'a key without scheme': () => key,
    'something else': () => 'Bearer something-else',
    'the beginning of the key': () => `Bearer ${key.slice(0, -1)}`,
    'the key and a character more': () => `Bearer ${key}0`,
    'the key in upper case': () => `Bearer ${key.toUpperCase()}`,
    'two keys': () => `Bearer ${key} ${key}`,
    'two keys with a comma': () => `Bearer ${key}, Bearer ${key}`,
    'a wrong checksum': () => `Bearer ${flipped(key, key.length - 1)}`,
    'an unknown id': () => `Bearer ${unknownKey()}`,
    'a wrong secret': () => `Bearer ${wrongSecretFor(key)}`,
    'a very long one': () => `Bearer ${'x'.repeat(8_000)}`,
    'bytes beyond ASCII': () => 'Bearer \u00e4\u00f6\u00fc',
  };

  it('make one refusal of every bad credential, on every route', async () => {
    const routes: [string, string, unknown?][] = [
      ['GET', 'secrets'],
      ['GET', 'secrets?page=none'],
      ['POST', 'secrets', { secret: { name: 'not a name' } }],
      ['GET', 'secrets/GUARDED'],
      ['GET', 'secrets/UNKNOWN'],
      ['GET', 'secrets/GUARDED/value'],
      ['GET', 'secrets/GUARDED/versions'],
      ['PUT', 'secrets/GUARDED', { secret: { value: 'x' } }],
      ['DELETE', 'secrets/GUARDED'],
    ];
    const refusals = new Set<string>();
    const keys = new ApiKeyRoutes(api, await organizationOf(api));
    const revoked = (await keys.issue({})).body;
    expect((await keys.revoke(revoked.id)).status).toBe(204);
    const soon = new Date(Date.now() + 1_000).toISOString();
    const expired = (await keys.issue({ expires_at: soon })).body.key;
    await until(
      () => api.call('GET', 'secrets', { key: expired }),
      ({ status }) => status === 401,
    );
    const elsewhere = (await keys.issue({ allowed_ips: ['192.0.2.0/24'] })).body.key;
    const once = [revoked.key, expired, elsewhere].map((text) => () => `Bearer ${text}`);
    for (const credential of [...Object.values(bad), ...once]) {
      for (const [method, path, body] of routes) {
        const authorization = credential();
        const headers = authorization === null ? undefined : { authorization };
        const answer = await api.call(method, path, { key: null, body, ...(headers && { headers }) });
        const { request_id, ...rest } = expectRefusal(answer, 401, 'AUTHENTICATION_REQUIRED');
        const seen = Object.fromEntries(answer.headers);
        expect(seen['x-request-id']).toBe(request_id);
        refusals.add(JSON.stringify({ ...seen, ...rest, 'x-request-id': '', date: '' }));
      }
    }
    expect([...refusals]).toHaveLength(1);
    expect([...refusals][0]).toContain('"error":"Authentication required"');
    expect((await api.reveal('GUARDED')).body).toMatchObject({ value: 'guarded value', version: 1 });
  });

  it('are not taken from anywhere but the Authorization header', async () => {
    const places: Record<string, string>[] = [
      { 'x-api-key': key },
      { cookie: `key=${key}; session=${key}; authorization=Bearer ${key}` },
      { 'proxy-authorization': `Bearer ${key}` },
      { 'x-authorization': `Bearer ${key}` },
    ];
    for (const headers of places)
      expectRefusal(await api.call('GET', 'secrets', { key: null, headers }), 401, 'AUTHENTICATION_REQUIRED');
  });

  it('open nothing with any one character changed', async () => {
    expect(parseApiKey(new Redacted(flipped(key, 40, true)))).not.toBeNull();
    const changed = Array.from(key).flatMap((_, at) => [
      flipped(key, at),
      `${key.slice(0, at)}!${key.slice(at + 1)}`,
      `${key.slice(0, at)}${key.slice(at + 1)}`,
      ...(at >= 6 && at < key.length - 6 ? [flipped(key, at, true)] : []),
    ]);
    expect(changed.length).toBeGreaterThan(key.length * 3);
    const statuses = [];
    for (const credential of changed)
      statuses.push((await api.call('GET', 'secrets', { key: credential })).status);
    expect(new Set(statuses)).toEqual(new Set([401]));
  });

  const misplacings: [string, (key: string) => [method: string, path: string, body?: unknown]][] = [
    ['a query', (stray) => ['GET', `secrets?api_key=${stray}`]],
    ['a known query parameter', (stray) => ['GET', `secrets?q=${stray}`]],
    ['the name of a query parameter', (stray) => ['GET', `secrets?${stray}`]],
    ['a query, partly encoded', (stray) => ['GET', `secrets?q=${stray.replace('h', '%68')}`]],
    ['a query, all encoded', (stray) => ['GET', `secrets?q=${Array.from(stray, hexEscape).join('')}`]],
    [
      'a query, all encoded behind a broken escape',
      (stray) => ['GET', `secrets?x=%zz&q=${Array.from(stray, hexEscape).join('')}`],
    ],
    ['the place of an id', (stray) => ['GET', `secrets/${stray}`]],
    ['the place of a name', (stray) => ['GET', `secrets/${stray.toUpperCase()}`]],
    ['a path to nowhere', (stray) => ['GET', `secrets/x/${stray}`]],
    ['a path with another method', (stray) => ['DELETE', `secrets/${stray}/value`]],
    ['the whole path', (stray) => ['GET', `/${stray}`]],
    ['the query of a public path', (stray) => ['GET', `/metrics?key=${stray}`]],
    ['the query of a malformed path', (stray) => ['GET', `/%zz?key=${stray}`]],
    ['bare text', (stray) => ['POST', 'secrets', stray]],
    ['half a document', (stray) => ['POST', 'secrets', `{"secret":{"description":"${stray}"`]],
    ['a field outside', (stray) => ['POST', 'secrets', { key: stray, ...fields({}) }]],
    ['an unknown field', (stray) => ['POST', 'secrets', fields({ api_key: stray })]],
    ['a description', (stray) => ['POST', 'secrets', fields({ description: `my key ${stray}.` })]],
    ['a tag', (stray) => ['POST', 'secrets', fields({ tags: [stray] })]],
    ['a name', (stray) => ['POST', 'secrets', fields({ name: stray })]],
    ['an expiry', (stray) => ['POST', 'secrets', fields({ expires_at: stray })]],
    ['the name of a field', (stray) => ['POST', 'secrets', fields({ [stray]: 'x' })]],
    ['the name of a field outside', (stray) => ['POST', 'secrets', { [stray]: 'x', ...fields({}) }]],
    ['something inside a value', (stray) => ['POST', 'secrets', fields({ value: { a: stray } })]],
    ['an escaped text', (stray) => ['POST', 'secrets', `{"a":"\\u0068${stray.slice(1)}"}`]],
    ['a change', (stray) => ['PUT', 'secrets/GUARDED', { secret: { description: stray } }]],
  ];

  it.each(misplacings)('are refused, not echoed and not logged as %s', async (_, place) => {
    for (const [stray, own] of [
      [key, null],
      [unknownKey(), null],
      [unknownKey(), key],
    ] as const) {
      misplaced.push(stray);
      const [method, path, body] = place(stray);
      const answer = await api.call(method, path, { body, key: own });
      // What is no JSON may be refused as that.
      const isText = typeof body === 'string';
      expectRefusal(
        answer,
        400,
        isText ? matching(/^(MISPLACED_CREDENTIAL|MALFORMED_JSON)$/) : 'MISPLACED_CREDENTIAL',
      );
      const said = `${answer.text}${JSON.stringify([...answer.headers])}`.toLowerCase();
      expect(said).not.toContain(stray.slice(32, 44));
      expect(server.printed.toLowerCase()).not.toContain(stray.slice(32, 44));
    }
    expectRefusal(await api.get('STRAY'), 404, 'NOT_FOUND');
  });

  it('are not echoed as a request id', async () => {
    const stray = unknownKey();
    misplaced.push(stray);
    // As much of it as a request id may have, too: the rest of a key can then be guessed at.
    for (const id of [
      stray,
      stray.slice(0, 64),
      stray.slice(0, 64).toUpperCase(),
      `x-${stray.slice(0, 62)}`,
    ]) {
      const { status, headers } = await api.list('', { 'x-request-id': id });
      expect(status).toBe(200);
      expect(headers.get('x-request-id')?.toLowerCase()).not.toContain(stray.slice(0, 40));
    }
    expect(server.printed.toLowerCase()).not.toContain(stray.slice(32, 60));
  });

  it('are refused as the name of a client, which is put on record', async () => {
    const stray = unknownKey();
    misplaced.push(stray);
    for (const agent of [
      stray,
      `curl/8.5.0 (key ${stray})`,
      stray.toUpperCase(),
      `${'x'.repeat(200)} ${stray}`,
    ]) {
      const headers = { 'user-agent': agent };
      for (const path of ['secrets', 'secrets/GUARDED/value', '/livez'])
        expectRefusal(await api.call('GET', path, { headers }), 400, 'MISPLACED_CREDENTIAL');
      expectRefusal(
        await api.call('GET', 'secrets', { key: wrongSecretFor(key), headers }),
        400,
        'MISPLACED_CREDENTIAL',
      );
    }
    expect(server.printed.toLowerCase()).not.toContain(stray.slice(32, 44));
  });

  it('may be kept as the value of a secret', async () => {
    const value = unknownKey();
    misplaced.push(value);
    expect((await api.create('A_KEY', value)).status).toBe(201);
    expect((await api.reveal('A_KEY')).body.value).toBe(value);
  });

  const takeTheSameTime = (next: (unknown: string) => string) => async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const wrong = wrongSecretFor(key);
    const unknown = unknownKey();
    const times: [number[], number[]] = [[], []];
    for (let sample = -500; sample < 4_000; sample += 1) {
      // The order changes, so that neither profits from what the other warmed.
      for (const kind of sample % 2 ? ([0, 1] as const) : ([1, 0] as const)) {
        const ms = await timeOf(server.url, agent, kind === 0 ? wrong : next(unknown));
        if (sample >= 0) times[kind].push(ms);
      }
    }
    agent.destroy();
    const [known, other] = times.map(median) as [number, number];
    expect(Math.abs(known - other) / Math.max(known, other)).toBeLessThan(0.15);
  };
  measured(
    'take the same time for a wrong secret and for the same unknown id',
    takeTheSameTime((unknown) => unknown),
  );
  measured(
    'take the same time for a wrong secret and for ever new unknown ids',
    takeTheSameTime(() => unknownKey()),
  );

  it('cannot be made of what is stored of them', async () => {
    await server.stop();
    const [issued] = await server.stored.events(['ApiKeyIssued']);
    const { keyId, hash } = issued?.data as { keyId: string; hash: string };
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    const wrapped = await server.stored.wrappedKey('api-key-pepper');
    expect(wrapped.length).toBeGreaterThan(32);
    const env = { AUTH_FAILURES_PER_ADDRESS: '0', AUTH_FAILURES_PER_KEY: '0' };
    server = await Server.start({ dataDir: server.dataDir, env });
    api = Api.of(server);

    const id = keyId.slice('key_'.length);
    const stolen = [hash, keyId, wrapped.toString('hex'), Buffer.from(hash, 'hex').toString('base64')];
    const made = stolen.flatMap((text) => {
      const secret = text.toLowerCase().replaceAll(/[^0-9a-hjkmnp-tv-z]/g, '0');
      const body = `hklst_${id}${secret.padEnd(52, '0').slice(0, 52)}`;
      return [text, `hklst_${text}`, `hklst_${id}${text}`, flipped(`${body}000000`, body.length - 1, true)];
    });
    for (const credential of made)
      expectRefusal(await api.call('GET', 'secrets', { key: credential }), 401, 'AUTHENTICATION_REQUIRED');
    expect((await api.list()).status).toBe(200);
  });

  it('rest nowhere but in first-api-key', async () => {
    await server.stop();
    const texts = [key, ...new Set(misplaced)].flatMap((text) => [text, text.slice(32, -6)]);
    expect(tracesBelow(server.dataDir, texts, ['first-api-key'])).toEqual([]);
    expect(server.printed).not.toContain(key.slice(32));
  });
});

function fields(more: object) {
  return { secret: { name: 'STRAY', value: 'x', ...more } };
}

function hexEscape(character: string): string {
  return `%${character.charCodeAt(0).toString(16)}`;
}

/** From sending a request to the end of its answer, on a connection that is open. */
function timeOf(url: string, agent: Agent, key: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${key}` };
    const started = performance.now();
    request(`${url}/api/v1/secrets`, { agent, headers }, (response) => {
      response.on('end', () => resolve(performance.now() - started)).resume();
    })
      .on('error', reject)
      .end();
  });
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}
