import { randomInt } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '#libs/testing';
import { Api } from './api';
import { expectRefusal } from './expect-refusal';
import { KeepAliveClient } from './keep-alive-client';
import { rawRequest } from './raw-http';
import { Server } from './server';
import { until } from './until';
import { possible, WritingClient, type Known } from './write-load';

const ROUNDS = Number(process.env['KILL_ROUNDS'] ?? 10);
const CLIENTS = 16;
/** Half of the restarts take no longer, whatever else runs on these cores; how long one takes alone, starting.e2e.spec.ts says. */
const RESTART_MS_MAX = 5_000;
/** Between two kills. */
const WRITES_MAX = 120;

jest.setTimeout(60_000 + ROUNDS * 20_000);

const newClients = () => Array.from({ length: CLIENTS }, (_, n) => new WritingClient(`CLIENT_${n}`));

/** What the server has under a name, by all its doors. */
async function stateOf(api: Api, name: string): Promise<Known | undefined> {
  const versions = await api.versions(name);
  if (versions.status === 404) {
    expectRefusal(await api.reveal(name), 404, 'NOT_FOUND');
    return undefined;
  }
  const numbers = versions.body.data.map(({ version }) => version);
  expect(numbers).toEqual(numbers.map((_, at) => numbers.length - at));
  const { description, version } = (await api.get(name)).body.data;
  expect(version).toBe(numbers[0]);
  // All values would take long where there are many: the latest ones are those at risk.
  const values = Array.from({ length: version }, () => '');
  for (const number of numbers.slice(0, 3)) values[number - 1] = (await api.reveal(name, number)).body.value;
  return { values, description, deleted: false };
}

/** Compares what a client was told since the last check with what the server has; gives what does not agree. */
async function differences(api: Api, client: WritingClient): Promise<string[]> {
  const found: string[] = [];
  for (const name of client.takeTouched()) {
    const ledger = client.ledgers.get(name) ?? { known: undefined, pending: undefined };
    const state = await stateOf(api, name);
    const options = possible(ledger);
    const match = options.findIndex((option) => agree(option, state));
    if (match < 0) found.push(`${name} is ${show(state)}, but should be ${options.map(show).join(' or ')}`);
    client.settle(name, options[Math.max(match, 0)]);
  }
  return found;
}

function agree(told: Known | undefined, state: Known | undefined): boolean {
  if (!told || told.deleted || !state) return (!told || told.deleted) && !state;
  const same = (value: string, at: number) => value === '' || value === told.values[at];
  return (
    told.values.length === state.values.length &&
    told.description === state.description &&
    state.values.every(same)
  );
}

const show = (known: Known | undefined) =>
  known ? JSON.stringify({ ...known, values: known.values.slice(-2) }) : 'nothing';

function acknowledgedBy(clients: readonly WritingClient[]): number {
  return clients.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
}

/** Looks every few milliseconds, so that a kill comes at any moment of a write. */
async function untilReached(isReached: () => boolean): Promise<void> {
  while (!isReached()) await delay(randomInt(5));
}

async function listedNames(api: Api): Promise<string[]> {
  return (await api.list()).body.data.map(({ name }) => name);
}

/**
 * What a list shows that waits for a write of its own: all that came before it. On five processes that may take until
 * the lease of the killed one has run out, longer than a list waits for anything.
 */
async function namesAfterAWrite(api: Api): Promise<string[]> {
  expect((await api.update('SHARED', { description: 'after a restart' })).status).toBe(200);
  const { status, body } = await until(
    () => api.list(),
    ({ status }) => status !== 503,
  );
  expect(status).toBe(200);
  return body.data.map(({ name }) => name).filter((name) => name !== 'SHARED');
}

function quantile(numbers: readonly number[], share: number): number {
  return Math.round([...numbers].sort((a, b) => a - b)[Math.ceil(share * numbers.length) - 1] ?? 0);
}

function expectedNames(clients: readonly WritingClient[]): string[] {
  const ledgers = clients.flatMap((client) => [...client.ledgers]);
  return ledgers
    .filter(([, { known }]) => known && !known.deleted)
    .map(([name]) => name)
    .sort();
}

describe('a server under load', () => {
  let server: Server;

  afterEach(() => server.discard());

  it(`keeps every acknowledged write through ${ROUNDS} kills at a random moment`, async () => {
    server = await Server.start();
    const clients = newClients();
    const sharedValues = new Set(['first']);
    const sharedAcknowledged = new Map<number, string>();
    const restartsMs: number[] = [];
    await Api.of(server).create('SHARED', 'first');
    for (let round = 0; round < ROUNDS; round += 1) {
      const api = Api.of(server);
      const random = seededRandom(round);
      // Everybody writes to this one, too, so that appends meet.
      const share = async (client: number) => {
        for (let count = 0; ; count += 1) {
          const value = `${round}.${client}.${count}`;
          sharedValues.add(value);
          const answer = await api.update('SHARED', { value }).catch(() => null);
          if (!answer) return;
          if (answer.status === 200) sharedAcknowledged.set(answer.body.data.version, value);
          else expectRefusal(answer, 409, 'CONCURRENT_CHANGE');
        }
      };
      const load = Promise.all([
        ...clients.map((client, n) => client.run(api, { seed: round * CLIENTS + n })),
        ...[0, 1, 2].map(share),
      ]);
      // Not after a while: how much is written in one depends on what else the machine does.
      const goal = acknowledgedBy(clients) + random() * WRITES_MAX;
      let isOver = false;
      void load.finally(() => (isOver = true));
      await untilReached(() => isOver || acknowledgedBy(clients) >= goal);
      await server.kill();
      await load;

      server = await Server.start({ dataDir: server.dataDir });
      restartsMs.push(server.readyMs);
      const revived = Api.of(server);
      // What nobody has written to since is looked at now and then, and at the end.
      if (round % 10 === 9 || round === ROUNDS - 1) for (const client of clients) client.touchAll();
      const found = await Promise.all(clients.map((client) => differences(revived, client)));
      expect({ round, found: found.flat() }).toEqual({ round, found: [] });
      expect(clients.flatMap(({ surprises }) => surprises)).toEqual([]);
      expect(await namesAfterAWrite(revived)).toEqual(expectedNames(clients));

      const versions = (await revived.versions('SHARED')).body.data.map(({ version }) => version);
      expect(versions).toEqual(versions.map((_, at) => versions.length - at));
      for (const version of versions.slice(0, 20)) {
        const { value } = (await revived.reveal('SHARED', version)).body;
        expect(sharedValues.has(value)).toBe(true);
        expect(sharedAcknowledged.get(version) ?? value).toBe(value);
      }
      expect(Math.max(0, ...sharedAcknowledged.keys())).toBeLessThanOrEqual(versions.length);
    }
    const acknowledged = acknowledgedBy(clients);
    const [median = 0, slowest = 0] = [0.5, 1].map((share) => quantile(restartsMs, share));
    process.stderr.write(`${acknowledged} writes acknowledged, restarts ${median}, at most ${slowest} ms\n`);
    expect(median).toBeLessThan(RESTART_MS_MAX);
    expect(acknowledged).toBeGreaterThan((ROUNDS * WRITES_MAX) / 4);
  });

  it('lets one of 50 changes under one If-Match win', async () => {
    server = await Server.start();
    const api = Api.of(server);
    for (let round = 0; round < 5; round += 1) {
      const created = await api.create(`CONTESTED_${round}`, 'first');
      const { id } = created.body.data;
      const match = { 'if-match': created.headers.get('etag') ?? '' };
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, n) => api.update(id, { value: `value ${n}` }, match)),
      );
      const winner = answers.findIndex(({ status }) => status === 200);
      for (const [n, answer] of answers.entries())
        if (n !== winner) expectRefusal(answer, 412, 'PRECONDITION_FAILED');
      expect((await api.reveal(id)).body).toMatchObject({ value: `value ${winner}`, version: 2 });
      expect((await api.versions(id)).body.data).toHaveLength(2);
    }
  });

  it('lets one of 50 creations of one name win', async () => {
    server = await Server.start();
    const api = Api.of(server);
    for (let round = 0; round < 5; round += 1) {
      const name = `NAME_${round}`;
      const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => api.create(name, `value ${n}`)));
      const winner = answers.findIndex(({ status }) => status === 201);
      for (const [n, answer] of answers.entries())
        if (n !== winner) expectRefusal(answer, 409, 'SECRET_NAME_TAKEN');
      expect((await api.list(`?name=${name}`)).body.data).toEqual([answers[winner]?.body.data]);
      expect((await api.reveal(name)).body).toMatchObject({ value: `value ${winner}`, version: 1 });
    }
  });

  it('gives one name to one secret when renames, deletions and creations meet', async () => {
    server = await Server.start();
    const api = Api.of(server);
    for (let n = 0; n < 8; n += 1) await api.create(`START_${n}`, `${n}`);
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(
        Array.from({ length: 8 }, (_, n) => [
          api.update(`START_${n}`, { name: `GOAL_${(n + round) % 3}` }),
          api.create(`GOAL_${(n + round) % 3}`, 'new'),
          api.delete(`GOAL_${n % 3}`),
        ]).flat(),
      );
      const names = await listedNames(api);
      expect(names).toEqual([...new Set(names)]);
      for (const name of names) expect((await api.get(name)).body.data.name).toBe(name);
      for (const name of ['GOAL_0', 'GOAL_1', 'GOAL_2'].filter((goal) => !names.includes(goal))) {
        expect((await api.create(name, 'free')).status).toBe(201);
      }
    }
  });

  it('finishes what it accepted when it is told to end', async () => {
    server = await Server.start();
    const api = Api.of(server);
    const clients = newClients();
    const halfSent = await sendHalf(server, 'HALF_SENT');
    const load = Promise.all(clients.map((client, seed) => client.run(api, { seed })));
    await delay(1_000);
    const stopped = performance.now();
    const exit = server.stop();
    await delay(200);
    const answered = halfSent();
    await load;

    expect(await exit).toBe(0);
    expect(performance.now() - stopped).toBeLessThan(25_000);
    expect(await answered).toMatch(/^HTTP\/1\.1 201 /);
    // Whoever comes too late may be told so, in order; nobody is told that something broke.
    for (const surprise of clients.flatMap(({ surprises }) => surprises))
      expect(surprise).toMatch(/: 503 \{"error":"[^"]+","code":"[A-Z_]+","request_id":"[^"]+"\}$/);

    server = await Server.start({ dataDir: server.dataDir });
    const revived = Api.of(server);
    const unanswered = clients.flatMap(({ ledgers }) => [...ledgers].filter(([, { pending }]) => pending));
    expect(unanswered.length).toBeGreaterThan(0);
    for (const [name, { known }] of unanswered) {
      // A write without an answer was not accepted, so it did not happen either.
      expect({ name, state: agree(known, await stateOf(revived, name)) }).toEqual({ name, state: true });
    }
    expect((await Promise.all(clients.map((client) => differences(revived, client)))).flat()).toEqual([]);
    expect((await revived.reveal('HALF_SENT')).body.value).toBe('x');
  });
});

describe('a server that is told to end', () => {
  let server: Server;

  beforeEach(async () => {
    server = await Server.start();
  });
  afterEach(() => server.discard());

  it('answers whatever a client sends before it can know', async () => {
    const api = Api.of(server);
    const client = new KeepAliveClient(server, CLIENTS);
    const ends = Array.from({ length: CLIENTS }, async (_, n) => {
      for (;;) {
        const end = await client
          .get(n % 2 ? 'secrets' : '/livez', { authorization: `Bearer ${server.apiKey}` })
          .then(
            ({ status }) => (status === 200 ? null : String(status)),
            (error: unknown) => (error as { code: string }).code,
          );
        if (end !== null) return end;
      }
    });
    for (let n = 0; n < 20; n += 1) await api.create(`BUSY_${n}`, 'x');
    expect(await server.stop()).toBe(0);
    expect(new Set(await Promise.all(ends))).toEqual(new Set(['ECONNREFUSED']));
    client.close();
  });

  it('answers on a connection that was idle, once, and waits for no other', async () => {
    const { hostname, port } = new URL(server.url);
    const socket = connect(Number(port), hostname);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    const answers = () =>
      Buffer.concat(chunks)
        .toString()
        .match(/HTTP\/1\.1 200/g)?.length;
    const answered = (count: number) =>
      until(
        async () => answers(),
        (given) => given === count,
      );
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.write(rawRequest('GET /livez'));
    await answered(1);
    const exit = server.stop();
    await until(
      () =>
        Api.of(server)
          .call('GET', '/livez')
          .catch(() => null),
      (answer) => answer === null,
    );
    socket.write(rawRequest('GET /livez'));
    await answered(2);
    await closed;
    expect(Buffer.concat(chunks).toString()).toMatch(/200 OK[^]*200 OK[^]*connection: close/i);
    expect(await exit).toBe(0);
  });
});

/** Sends the first half of a creation; the returned function sends the rest and gives the answer. */
async function sendHalf(server: Server, name: string): Promise<() => Promise<string>> {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.on('close', resolve));
  const body = JSON.stringify({ secret: { name, value: 'x' } });
  const headers = ['Content-Type: application/json', `Content-Length: ${body.length}`];
  const text = rawRequest(
    'POST /api/v1/secrets',
    [`Authorization: Bearer ${server.apiKey}`, ...headers],
    body,
  );
  await new Promise((resolve) => socket.write(text.slice(0, -10), resolve));
  return async () => {
    socket.write(text.slice(-10));
    await Promise.race([closed, delay(10_000)]);
    socket.destroy();
    return Buffer.concat(chunks).toString();
  };
}
