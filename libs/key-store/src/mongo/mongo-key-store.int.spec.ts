import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MongoClient } from 'mongodb';
import { systemClock } from '#libs/kernel';
import { HoldingProxy } from '#libs/testing';
import { enginesInstalled, startMongo } from '../../../../scripts/engines/index.cjs';
import { until } from '../../../../test/e2e/until';
import { keyStoreContract } from '../key-store.contract';
import type { KeyStore, WrappedKey } from '../key-store';
import { Keyring } from '../keyring';
import { openKeyStore } from '../open-key-store';

// Any server will do for the contract; what follows needs one of its own to stop, which the engines of
// scripts/engines provide.
const given = process.env['TEST_MONGODB_URL'];
const onMongo = given !== undefined || enginesInstalled() ? describe : describe.skip;
const onOwnMongo = enginesInstalled() ? describe : describe.skip;

let folder: string;
let server: Awaited<ReturnType<typeof startMongo>>;

const inDatabase = (url: string, database: string) =>
  url.replace(/^(mongodb(?:\+srv)?:\/\/[^/?]+)\/?[^?]*/, `$1/${database}`);

function dataKey(): WrappedKey {
  return {
    id: randomBytes(16).toString('hex'),
    purpose: 'data',
    parent: 'org_a.1',
    orgId: 'org_a',
    secretId: 'sec_a',
    generation: 1,
    createdAt: new Date().toISOString(),
    wrapped: randomBytes(64),
  };
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'mongo-key-store-'));
  if (enginesInstalled()) server = await startMongo({ dataDir: folder });
}, 90_000);

afterAll(async () => {
  if (enginesInstalled()) await server.kill();
  rmSync(folder, { recursive: true });
});

onMongo('openMongoKeyStore', () => {
  const database = `test-${randomUUID()}`;
  const url = () => inDatabase(given ?? server.url, database);
  const open = () => openKeyStore(url(), { allowPlaintext: true });

  afterAll(async () => {
    const client = new MongoClient(url());
    await client.db().dropDatabase();
    await client.close();
  });

  keyStoreContract('MongoDB', open);

  describe('beyond the contract', () => {
    let keys: KeyStore;
    let client: MongoClient;

    beforeAll(async () => {
      keys = await open();
      client = new MongoClient(url());
    });
    afterAll(async () => {
      await client.close();
      await keys.close();
    });

    it('leaves nothing of a destroyed key in its database', async () => {
      const isThere = async () => JSON.stringify(await client.db().collection('keys').find().toArray());
      const key = dataKey();
      await keys.insert(key);
      expect(await isThere()).toContain(key.id);
      await keys.destroy([key.id]);
      expect(await isThere()).not.toContain(key.id);
    });

    it('finds keys other than data keys by an index that holds no others', async () => {
      const filter = { purpose: 'organization', _id: { $gt: '' } };
      const plan = await client
        .db()
        .collection('keys')
        .find(filter as object)
        .sort({ _id: 1 })
        .explain();
      expect(JSON.stringify(plan)).toContain('purpose_1__id_1');
    });

    it.each<[string, unknown]>([
      ['an operator', { $ne: null }],
      ['a pattern', /./],
      ['a list', ['a']],
      ['nothing', undefined],
    ])('refuses %s where text belongs', async (_, value) => {
      const text = value as string;
      const key = dataKey();
      await keys.insert(key);
      for (const call of [
        () => keys.get(text),
        () => keys.destroy([text]),
        () => keys.insert({ ...dataKey(), id: text }),
        () => keys.rewrap([{ id: text, parent: 'a', wrapped: randomBytes(64) }]),
        () => keys.list({ purpose: text as 'data', limit: 1 }),
        () => keys.count({ purpose: text as 'data' }),
      ])
        await expect(call()).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
      expect(await keys.get(key.id)).not.toBeNull();
    });

    it('gives two processes that start at once the same keys', async () => {
      await client.db().dropDatabase();
      const other = await open();
      const rootKey = { current: randomBytes(32) };
      const keyringOn = (store: KeyStore) => Keyring.open({ keys: store, rootKey, clock: systemClock });
      const keyrings = await Promise.all([keys, other].map(keyringOn));
      const made = await Promise.all(keyrings.map((keyring) => keyring.instanceKey('api-key-pepper')));
      expect(made[1]).toEqual(made[0]);
      await other.close();
    });
  });
});

async function expectAway(call: () => Promise<unknown>): Promise<void> {
  const startedAt = performance.now();
  await expect(call()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  expect(performance.now() - startedAt).toBeLessThan(1_500);
}

const requests: readonly ((keys: KeyStore) => Promise<unknown>)[] = [
  (keys) => keys.get('a'),
  (keys) => keys.insert(dataKey()),
  (keys) => keys.destroy([dataKey().id]),
  (keys) => keys.rootKeyState(),
  (keys) => keys.ping(),
];

onOwnMongo('openMongoKeyStore on a server of its own', () => {
  let keys: KeyStore;

  beforeEach(async () => {
    keys = await openKeyStore(server.url);
  });
  afterEach(async () => {
    await keys.close();
  });

  it('keeps its keys in a database of their own, unless the URL names another', async () => {
    const key = dataKey();
    await keys.insert(key);
    const other = await openKeyStore(inDatabase(server.url, 'other'));
    expect(await other.get(key.id)).toBeNull();
    await other.close();
    const named = await openKeyStore(inDatabase(server.url, 'hklst-keys'));
    expect(await named.get(key.id)).not.toBeNull();
    await named.close();
  });

  it.each<[string, () => unknown, () => unknown]>([
    ['was killed', () => server.kill(), () => server.restart()],
    ['hangs', () => server.pause(), () => server.resume()],
  ])(
    'fails in time while the server %s, and works again with the next call',
    async (_, goAway, comeBack) => {
      for (const request of requests) await request(keys);
      await goAway();
      // Once with the connections that were open, once when the driver knows.
      await Promise.all(requests.map((request) => expectAway(() => request(keys))));
      await Promise.all(requests.map((request) => expectAway(() => request(keys))));
      await expectAway(() => openKeyStore(server.url));
      await comeBack();
      for (const request of requests) await request(keys);
    },
    30_000,
  );

  it('has every acknowledged key, and none that was destroyed, after the server was killed', async () => {
    const kept: WrappedKey[] = [];
    const wrapped = new Map<string, Uint8Array>();
    const destroyed: string[] = [];
    const writing = Array.from({ length: 8 }, async () => {
      for (;;) {
        const [key, doomed] = [dataKey(), dataKey()];
        await keys.insert(key);
        await keys.insert(doomed);
        kept.push(key);
        const anew = { id: key.id, parent: 'org_a.2', wrapped: randomBytes(64) };
        await keys.rewrap([anew]);
        wrapped.set(key.id, anew.wrapped);
        await keys.destroy([doomed.id]);
        destroyed.push(doomed.id);
      }
    });
    const ended = Promise.allSettled(writing);
    await until(
      async () => destroyed.length,
      (count) => count > 100,
      20_000,
    );
    await server.kill();
    for (const { status } of await ended) expect(status).toBe('rejected');
    await server.restart();

    for (const key of kept) expect(await keys.get(key.id)).toMatchObject({ id: key.id, orgId: key.orgId });
    for (const [id, bytes] of wrapped) {
      const found = await keys.get(id);
      expect(Buffer.from(found!.wrapped).equals(bytes)).toBe(true);
    }
    for (const id of destroyed) expect(await keys.get(id)).toBeNull();
  }, 60_000);

  it('keeps a destroyed key gone when a re-wrapping that was under way arrives late', async () => {
    const [gone, there] = [dataKey(), dataKey()];
    for (const row of [gone, there]) await keys.insert(row);
    const proxy = await HoldingProxy.start(Number(new URL(server.url).port));
    const other = await openKeyStore(`mongodb://127.0.0.1:${proxy.port}/?directConnection=true`);
    try {
      const changes = [gone, there].map(({ id }) => ({ id, parent: 'late', wrapped: randomBytes(64) }));
      const held = proxy.hold('late');
      const rewrapping = other.rewrap(changes);
      await held;
      expect(await keys.destroy([gone.id])).toBe(1);
      proxy.release();
      expect(await rewrapping).toBe(1);
      expect(await keys.get(gone.id)).toBeNull();
      expect((await keys.get(there.id))?.parent).toBe('late');
    } finally {
      await other.close();
      await proxy.stop();
    }
  });
});
