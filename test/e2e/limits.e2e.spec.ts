// Runs alone: it compares what callers wait for their answers.
import { setTimeout as delay } from 'node:timers/promises';
import { Api, type Answer } from './api';
import { expectRefusal } from './expect-refusal';
import { unknownKey, wrongSecretFor } from './forged-key';
import { KeepAliveClient } from './keep-alive-client';
import { firstOwner, PASSWORD, Person } from './person';
import { measuresTime, Server } from './server';
import { until } from './until';

jest.setTimeout(120_000);

/** As a proxy that is trusted passes it on. */
const from = (address: string) => ({ 'x-forwarded-for': address });
const behindProxy = { TRUSTED_PROXIES: '127.0.0.1' };
const statusesOf = (answers: readonly Answer<unknown>[]) =>
  answers.reduce<Record<number, number>>(
    (seen, { status }) => ({ ...seen, [status]: (seen[status] ?? 0) + 1 }),
    {},
  );
/** Enough for more failures than an address has in a minute. */
const TURNS = 6;
const median = (numbers: readonly number[]) =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

describe('limits on guessing keys', () => {
  let server: Server;
  let client: KeepAliveClient;

  beforeEach(async () => {
    server = await Server.start({ env: behindProxy });
    client = new KeepAliveClient(server);
    await Api.of(server).create('GUARDED', 'guarded value');
  });
  afterEach(async () => {
    client.close();
    await server.discard();
  });

  const read = (key: string, address: string) =>
    client.get('secrets/GUARDED/value', { authorization: `Bearer ${key}`, ...from(address) });

  /** 200 a second, for so long. */
  async function everyFiveMs(seconds: number, ask: (at: number) => Promise<Answer>): Promise<Answer[]> {
    const answers: Promise<Answer>[] = [];
    const started = performance.now();
    while (answers.length < seconds * 200) {
      const due = Math.min((performance.now() - started) / 5, seconds * 200);
      while (answers.length < due) answers.push(ask(answers.length));
      await delay(1);
    }
    return Promise.all(answers);
  }

  /** What those with the right key wait for their answers, one after the other, while something goes on. */
  async function othersDuring(work: () => Promise<unknown>): Promise<number[]> {
    const end = new AbortController();
    const others = ['203.0.113.1', '198.51.100.7', '2001:db8::1'].map(async (address) => {
      const ms: number[] = [];
      while (!end.signal.aborted) {
        const started = performance.now();
        const { status, body } = await read(server.apiKey, address);
        ms.push(performance.now() - started);
        expect({ status, value: body['value'] }).toEqual({ status: 200, value: 'guarded value' });
        await delay(2);
      }
      return ms;
    });
    await work().finally(() => end.abort());
    return (await Promise.all(others)).flat();
  }

  const attacks: [string, (key: string) => (at: number) => [key: string, address: string]][] = [
    ['one key id, from one address', (key) => () => [wrongSecretFor(key), '203.0.113.1']],
    ['one key id, from many addresses', (key) => (at) => [wrongSecretFor(key), `203.0.113.${at % 200}`]],
    ['ever new ids, from one address', () => () => [unknownKey(), '203.0.113.1']],
    ['ever new ids, from one network', () => (at) => [unknownKey(), `2001:db8::${at.toString(16)}`]],
  ];

  it.each(attacks)('refuse who tries %s, and nobody else', async (_, attack) => {
    const next = attack(server.apiKey);
    const answers: Answer[] = [];
    const [usual, attacked]: [number[], number[]] = [[], []];
    // In turns with as many requests that harm nobody: whatever else runs on these cores slows both.
    for (let turn = 0; turn < TURNS; turn += 1) {
      const harmless = () => everyFiveMs(0.5, () => client.get('/livez', {}));
      if (measuresTime) usual.push(...(await othersDuring(harmless)));
      const guesses = () => everyFiveMs(0.5, (at) => read(...next(turn * 100 + at)));
      attacked.push(...(await othersDuring(async () => answers.push(...(await guesses())))));
    }

    const statuses = statusesOf(answers);
    expect(Object.keys(statuses)).toEqual(['401', '429']);
    expect(statuses[429]).toBeGreaterThan(100);
    const bodies = answers.map((answer) => {
      const code = answer.status === 429 ? 'RATE_LIMITED' : 'AUTHENTICATION_REQUIRED';
      return JSON.stringify({ ...expectRefusal(answer, answer.status, code), request_id: '' });
    });
    expect(new Set(bodies).size).toBe(2);
    // Those with the right key are served as before, from the same address and with the same key id, too.
    if (measuresTime) expect(median(attacked)).toBeLessThan(2 * median(usual) + 10);
    // And the failure of another key from another address is one like any other.
    expectRefusal(await read(unknownKey(), '198.51.100.9'), 401, 'AUTHENTICATION_REQUIRED');
  });

  it('end by themselves', async () => {
    const guess = () => read(wrongSecretFor(server.apiKey), '203.0.113.1');
    await everyFiveMs(1, guess);
    const refused = await until(guess, ({ status }) => status === 429);
    const seconds = Number(refused.headers.get('retry-after'));
    expect(seconds).toBe(1);
    await delay(seconds * 1_000);
    expectRefusal(await guess(), 401, 'AUTHENTICATION_REQUIRED');
  });

  it('do not count who presents nothing', async () => {
    const answers = await everyFiveMs(2, () => client.get('secrets', from('203.0.113.1')));
    expect(statusesOf(answers)).toEqual({ 401: 400 });
  });
});

describe('limits on guessing passwords', () => {
  let server: Server;
  let owner: Person;
  const start = async (env: Record<string, string> = {}) => {
    server = await Server.start({ env: { ...behindProxy, ...env } });
    owner = await firstOwner(server);
  };
  afterEach(() => server.discard());

  const signIn = (email: string, password: string, address: string) =>
    owner.elsewhere().call('POST', 'auth/sign-in', { body: { email, password }, headers: from(address) });
  const own = (address: string) => signIn(owner.email, PASSWORD, address);

  it('refuse who tries one password on everybody unseen, and nobody elsewhere', async () => {
    await start({ AUTH_FAILURES_PER_ADDRESS: '10' });
    const answers: Answer<unknown>[] = [];
    for (let at = 0; at < 60; at += 1)
      answers.push(await signIn(`p${at}@example.com`, 'Winter2026!!', '203.0.113.1'));
    const statuses = statusesOf(answers);
    expect(Object.keys(statuses)).toEqual(['401', '429']);
    // One comes back every six seconds.
    expect(statuses[401]).toBeLessThan(30);
    expectRefusal(await own('203.0.113.1'), 429, 'RATE_LIMITED');
    expect((await own('198.51.100.7')).status).toBe(200);
    // Who is in stays in, and proves it again there.
    const { cookie } = owner;
    const headers = from('203.0.113.1');
    expect((await owner.call('GET', 'auth/me', { headers })).status).toBe(200);
    const again = await owner.call('POST', 'auth/reauthenticate', { body: { password: PASSWORD }, headers });
    expect(again.status).toBe(200);
    expect(owner.cookie).not.toBe(cookie);
  });

  const headers = from('203.0.113.1');
  const floods: [string, (mallory: Person, at: number) => Promise<unknown>][] = [
    ['guess', (_, at) => signIn(`q${at}@example.com`, 'Winter2026!!', '203.0.113.1')],
    [
      'prove again who they are',
      (mallory) => mallory.call('POST', 'auth/reauthenticate', { body: { password: PASSWORD }, headers }),
    ],
    [
      'change their password to one that is refused',
      (mallory) => {
        const body = { current_password: PASSWORD, password: 'x' };
        return mallory.call('PUT', 'auth/password', { body, headers });
      },
    ],
  ];

  it.each(floods)('leave room for others beside 40 connections that %s', async (_, ask) => {
    await start({ OPEN_SIGN_UP: 'true' });
    const mallory = new Person(server, 'mallory@example.com');
    await mallory.signUp();
    const end = new AbortController();
    let asked = 0;
    const flooding = Array.from({ length: 40 }, async () => {
      while (!end.signal.aborted) await ask(mallory, (asked += 1));
    });
    await until(
      async () => asked,
      (count) => count > 80,
    );
    const statuses: number[] = [];
    for (let n = 0; n < 10; n += 1) statuses.push((await own('198.51.100.7')).status);
    end.abort();
    await Promise.all(flooding);
    expect(new Set(statuses)).toEqual(new Set([200]));
  });
});

describe('limits on requests', () => {
  let server: Server | undefined;
  const start = async (env: Record<string, string>) => {
    server = await Server.start({ env });
    return Api.of(server);
  };
  afterEach(() => server?.discard());
  const burst = (count: number, ask: (at: number) => Promise<Answer<unknown>>) =>
    Promise.all(Array.from({ length: count }, (_, at) => ask(at)));

  it('hold per address, before anything else is done, and for networks of IPv6', async () => {
    const api = await start({ ...behindProxy, RATE_LIMIT_PER_ADDRESS: '20' });
    for (const path of ['secrets', '/livez', '/nowhere', '/%zz', `/livez?${unknownKey()}`]) {
      const address = `2001:db8:0:${path.length}::`;
      const answers = await burst(60, (at) => api.call('GET', path, { headers: from(`${address}${at}`) }));
      const refused = answers.filter(({ status }) => status === 429);
      // At least the burst is served; the sixty take no longer than a second, which refills it once.
      expect(60 - refused.length).toBeGreaterThanOrEqual(20);
      expect(refused.length).toBeGreaterThanOrEqual(20);
      for (const answer of refused) {
        expectRefusal(answer, 429, 'RATE_LIMITED');
        expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      }
      const other = await api.call('GET', '/livez', { headers: from(`198.51.100.${path.length}`) });
      expect(other.status).toBe(200);
    }
  });

  it('believe nobody who is no trusted proxy', async () => {
    const api = await start({ RATE_LIMIT_PER_ADDRESS: '20' });
    const answers = await burst(60, (at) => api.call('GET', '/livez', { headers: from(`203.0.113.${at}`) }));
    expect(statusesOf(answers)[429]).toBeGreaterThanOrEqual(20);
  });

  it.each(['RATE_LIMIT_PER_CREDENTIAL', 'RATE_LIMIT_PER_ORGANIZATION'])('hold per %s', async (setting) => {
    const api = await start({ ...behindProxy, [setting]: '20' });
    const answers = await burst(60, (at) => api.call('GET', 'secrets', { headers: from(`203.0.113.${at}`) }));
    const statuses = statusesOf(answers);
    expect(statuses[200]).toBeGreaterThanOrEqual(20);
    expect(statuses[429]).toBeGreaterThanOrEqual(20);
    const refused = answers.find(({ status }) => status === 429);
    if (refused) expectRefusal(refused, 429, 'RATE_LIMITED');
    // Who fails is counted elsewhere, and who needs no credential is not counted at all.
    expectRefusal(await api.call('GET', 'secrets', { key: unknownKey() }), 401, 'AUTHENTICATION_REQUIRED');
    expect((await api.call('GET', '/livez')).status).toBe(200);
    await until(
      () => api.list(),
      ({ status }) => status === 200,
    );
  });

  it('meet no honest client with their defaults', async () => {
    const api = await start({});
    const end = performance.now() + 2_000;
    const statuses = new Set<number>();
    let served = 0;
    while (performance.now() < end) {
      for (const { status } of await burst(200, () => api.call('GET', 'secrets'))) {
        statuses.add(status);
        served += 1;
      }
    }
    expect([...statuses]).toEqual([200]);
    expect(served).toBeGreaterThan(200);
  });
});
