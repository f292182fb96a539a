import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { HoldingProxy } from '#libs/testing';
import { enginesInstalled, startMongo } from '../../../../scripts/engines/index.cjs';
import { until } from '../../../../test/e2e/until';
import { openReadStore } from '../open-read-store';
import type { Change, CollectionSpec, ReadStore } from '../read-store';

const onOwnMongo = enginesInstalled() ? describe : describe.skip;

const things: CollectionSpec = {
  name: 'things_v1',
  fields: { group: 'string' },
  indexes: [['group']],
};
const put = (id: string, revision: number, group: string): Change => ({
  kind: 'put',
  collection: things.name,
  document: { id, group },
  revision: String(revision),
});
const LEASE_MS = 60_000;

let folder: string;
let server: Awaited<ReturnType<typeof startMongo>>;
const opened: { close(): Promise<void> }[] = [];

async function openThings(url = server.url): Promise<ReadStore> {
  const store = await openReadStore(url);
  opened.push(store);
  await store.ensureCollection(things);
  return store;
}

async function idsOf(store: ReadStore, group: string): Promise<string[]> {
  const query = {
    where: { group },
    sort: { field: 'id', direction: 'ascending' },
    limit: 1_000_000,
  } as const;
  return (await store.find(things.name, query)).map(({ id }) => id);
}

/** The holder before stopped renewing it, so it comes free. */
async function takeOver(store: ReadStore, projection: string): Promise<number> {
  const taken = await until(
    () => store.acquireLease(projection, 'next', LEASE_MS),
    (fence) => fence !== null,
  );
  return Number(taken);
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'mongo-faults-'));
  if (enginesInstalled()) server = await startMongo({ dataDir: folder });
}, 90_000);

afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

afterAll(async () => {
  if (enginesInstalled()) await server.kill();
  rmSync(folder, { recursive: true });
});

/** What a request may ask for. */
const requests: readonly ((store: ReadStore) => Promise<unknown>)[] = [
  (store) => store.get(things.name, 'a'),
  (store) => store.find(things.name, { where: {}, sort: { field: 'id', direction: 'ascending' }, limit: 10 }),
  (store) => store.count(things.name, { where: { group: 'a' } }),
  (store) => store.put(things.name, { id: randomUUID() }),
  (store) => store.putIfAbsent(things.name, { id: randomUUID() }),
  (store) => store.remove(things.name, randomUUID()),
  (store) => store.checkpoint('a'),
  (store) => store.acquireLease(randomUUID(), 'a', 1_000),
  (store) => store.ping(),
];

async function msUntilAway(call: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await expect(call()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  return performance.now() - startedAt;
}

async function expectAway(call: () => Promise<unknown>): Promise<void> {
  expect(await msUntilAway(call)).toBeLessThan(1_500);
}

onOwnMongo('openMongoReadStore on a server that fails', () => {
  it.each<[string, () => unknown, () => unknown]>([
    ['was killed', () => server.kill(), () => server.restart()],
    ['hangs', () => server.pause(), () => server.resume()],
  ])(
    'is away in time when the server %s, and works again with the next call',
    async (_, goAway, comeBack) => {
      const store = await openThings();
      for (const request of requests) await request(store);
      await goAway();
      try {
        // Once with the connections that were open, once when the driver knows.
        await Promise.all(requests.map((request) => expectAway(() => request(store))));
        await until(
          () => msUntilAway(() => store.ping()),
          (ms) => ms < 800,
        );
        await Promise.all(requests.map((request) => expectAway(() => request(store))));
      } finally {
        await comeBack();
      }
      for (const request of requests) await request(store);
    },
    30_000,
  );

  it('keeps what it acknowledged when the server is killed under load', async () => {
    const store = await openThings();
    const group = randomUUID();
    const fence = Number(await store.acquireLease(group, 'a', LEASE_MS));
    const acknowledged: string[] = [];
    const positions: number[] = [];
    const records = Array.from({ length: 4 }, async () => {
      for (;;) {
        const id = randomUUID();
        await store.put(things.name, { id, group });
        acknowledged.push(id);
      }
    });
    const projection = (async () => {
      for (let position = 1; ; position += 1) {
        const changes = [put(`${group}/${position}`, 0, group), put(`${group}/0`, position, group)];
        await store.project(group, changes, String(position), fence);
        positions.push(position);
      }
    })();
    const ended = Promise.allSettled([...records, projection]);
    await until(
      async () => positions.length,
      (count) => count > 20,
      20_000,
    );
    await server.kill();
    for (const end of await ended) expect(end).toMatchObject({ reason: { code: 'STORE_UNAVAILABLE' } });
    await server.restart();

    const there = new Set(await idsOf(store, group));
    expect(acknowledged.filter((id) => !there.has(id))).toEqual([]);
    const checkpoint = Number(await store.checkpoint(group));
    expect(checkpoint).toBeGreaterThanOrEqual(positions.length);
    // Documents come first: none is missing behind the checkpoint, whatever was under way.
    const projected = Array.from({ length: checkpoint }, (__, i) => `${group}/${i + 1}`);
    expect(projected.filter((id) => !there.has(id))).toEqual([]);
  }, 60_000);

  it('is opened while the server is away, and works once it is there', async () => {
    await server.kill();
    const store = await openReadStore(server.url);
    opened.push(store);
    try {
      await expectAway(() => store.ensureCollection(things));
      await expectAway(() => store.ping());
    } finally {
      await server.restart();
    }
    await store.ensureCollection(things);
    await store.put(things.name, { id: 'late' });
    expect(await store.get(things.name, 'late')).toEqual({ id: 'late' });
  }, 30_000);

  it('is closed in time while the server hangs', async () => {
    const store = await openThings();
    server.pause();
    const startedAt = performance.now();
    await store.close();
    const tookMs = performance.now() - startedAt;
    server.resume();
    expect(tookMs).toBeLessThan(1_500);
    await expect(store.ping()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });
});

/** A process that takes a lease for a second and projects until it is refused, telling every step. */
const HOLDER = `
const { openReadStore } = require('#libs/read-store');
const { MONGO_URL, PROJECTION } = process.env;
const things = JSON.parse(process.env.THINGS);
const put = (id, revision) => ({
  kind: 'put', collection: things.name, document: { id, group: 'child' }, revision: String(revision),
});
(async () => {
  const store = await openReadStore(MONGO_URL);
  await store.ensureCollection(things);
  const fence = await store.acquireLease(PROJECTION, 'child', 1000);
  for (let n = 1; ; n += 1) {
    const changes = [put(PROJECTION, n), put(PROJECTION + '/' + n, 0)];
    const refusal = await store.project(PROJECTION, changes, String(n), fence).catch((error) => error);
    console.log(refusal?.code ?? n);
    if (refusal) return store.close();
  }
})();
`;

function startHolder(projection: string): { child: ChildProcess; lines: string[] } {
  const env = { MONGO_URL: server.url, PROJECTION: projection, THINGS: JSON.stringify(things) };
  const child = spawn(process.execPath, ['-e', HOLDER], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  opened.push({
    close: () => {
      child.kill('SIGKILL');
      return ended;
    },
  });
  const lines: string[] = [];
  createInterface(child.stdout).on('line', (line) => lines.push(line));
  return { child, lines };
}

onOwnMongo('the lease of a MongoDB read store', () => {
  it('keeps a holder that was stopped from writing when it goes on', async () => {
    const store = await openThings();
    const projection = randomUUID();
    const { child, lines } = startHolder(projection);
    await until(
      async () => lines.length,
      (count) => count >= 5,
      20_000,
    );
    child.kill('SIGSTOP');
    const fence = await takeOver(store, projection);
    await store.project(projection, [put(projection, 1_000_000, 'next')], '1000000', fence);
    child.kill('SIGCONT');
    await until(
      async () => lines.at(-1),
      (line) => line === 'STORE_UNAVAILABLE',
    );

    expect(await store.checkpoint(projection)).toBe('1000000');
    expect(await store.get(things.name, projection)).toMatchObject({ group: 'next' });
    // The batch that was under way may be there, and none after it.
    const underWay = lines.length;
    expect(await store.get(things.name, `${projection}/${underWay + 1}`)).toBeNull();
  }, 30_000);

  it('lets a batch that was under way when another took over do no harm', async () => {
    const [projection, group] = [randomUUID(), randomUUID()];
    const proxy = await HoldingProxy.start(Number(new URL(server.url).port));
    opened.push({ close: () => proxy.stop() });
    const slow = await openThings(`mongodb://127.0.0.1:${proxy.port}/?directConnection=true`);
    const store = await openThings();
    const old = Number(await slow.acquireLease(projection, 'slow', 300));
    await slow.project(projection, [put(projection, 1, group)], '1', old);

    const held = proxy.hold('late');
    const late = slow.project(
      projection,
      [put(projection, 2, 'late'), put(`${group}/b`, 0, 'late')],
      '2',
      old,
    );
    // It has asked for its fence, and it was the right one.
    await held;
    const fence = await takeOver(store, projection);
    await store.project(projection, [put(`${group}/b`, 0, group), put(projection, 3, group)], '3', fence);
    proxy.release();

    await expect(late).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await store.checkpoint(projection)).toBe('3');
    expect(await idsOf(store, 'late')).toEqual([]);
    expect(await idsOf(store, group)).toEqual([`${group}/b`, projection].sort());
  }, 30_000);
});
