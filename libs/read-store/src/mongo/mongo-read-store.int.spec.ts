import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MongoClient } from 'mongodb';
import { enginesInstalled, startMongo } from '../../../../scripts/engines/index.cjs';
import { openReadStore } from '../open-read-store';
import type { Change, CollectionSpec, ReadStore } from '../read-store';
import { emptyReadStoreContract, readStoreContract } from '../read-store.contract';

const given = process.env['TEST_MONGODB_URL'];
const onMongo = given !== undefined || enginesInstalled() ? describe : describe.skip;

const things: CollectionSpec = {
  name: 'things_v1',
  fields: { group: 'string', kind: 'string', name: 'string' },
  indexes: [['group', 'name']],
  countBy: ['group', 'kind'],
};
const put = (id: string, revision: number, fields: object = {}): Change => ({
  kind: 'put',
  collection: things.name,
  document: { id, ...fields },
  revision: String(revision),
});

let folder: string;
let server: Awaited<ReturnType<typeof startMongo>> | undefined;
let url: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'mongo-read-store-'));
  if (given === undefined && enginesInstalled()) server = await startMongo({ dataDir: folder });
  url = ownDatabase();
}, 90_000);

/** A database of its own, wherever that is. */
function ownDatabase(): string {
  return (given ?? server?.url ?? '').replace(/^(\w+:\/\/[^/?]+)\/?[^?]*/, `$1/test-${randomUUID()}`);
}

afterAll(async () => {
  await server?.kill();
  rmSync(folder, { recursive: true });
});

onMongo('openMongoReadStore', () => {
  const open = () => openReadStore(url, { allowPlaintext: true });

  readStoreContract('MongoDB', open);

  const empty: string[] = [];
  emptyReadStoreContract('MongoDB', async () => {
    empty.push(ownDatabase());
    return openReadStore(String(empty.at(-1)), { allowPlaintext: true });
  });
  afterAll(async () => {
    for (const database of empty) {
      const client = new MongoClient(database);
      await client.db().dropDatabase();
      await client.close();
    }
  });

  describe('beyond the contract', () => {
    const projection = 'things.1';
    let store: ReadStore;
    let client: MongoClient;
    let fence: number;

    beforeAll(async () => {
      client = new MongoClient(url);
      store = await open();
      await store.ensureCollection(things);
      fence = Number(await store.acquireLease(projection, 'suite', 60_000));
    });
    afterAll(async () => {
      await store.close();
      await client.db().dropDatabase();
      await client.close();
    });

    const project = (changes: readonly Change[]) => store.project(projection, changes, '1', fence);
    const nameOf = async (id: string) => (await store.get(things.name, id))?.['name'];

    it('has an index for each list, and one to count by', async () => {
      const indexes = await client.db().collection(things.name).indexes();
      expect(indexes.map(({ key }) => Object.keys(key as object).join()).sort()).toEqual([
        '_id',
        'doc.group,doc.kind,_id',
        'doc.group,doc.name,_id',
      ]);
    });

    it('leaves the newest revision, whoever writes first', async () => {
      const ids = Array.from({ length: 5 }, () => randomUUID());
      const revisions = [7, 3, 9, 1, 12, 0, 5, 11, 2, 8];
      await Promise.all(
        revisions.map((revision) => project(ids.map((id) => put(id, revision, { name: `${revision}` })))),
      );
      expect(await Promise.all(ids.map(nameOf))).toEqual(ids.map(() => '12'));
    });

    it('takes a long batch, the same again, and one with newer and older ones', async () => {
      const group = randomUUID();
      const batch = (name: string, revision: (i: number) => number) =>
        Array.from({ length: 1_000 }, (_, i) => put(`${group}/${i}`, revision(i), { group, name }));
      const count = (name: string) => store.count(things.name, { where: { group, name } });
      await project(batch('first', () => 5));
      await project(batch('again', () => 5));
      expect(await count('first')).toBe(1_000);
      await project(batch('mixed', (i) => (i % 2 === 0 ? 6 : 4)));
      expect([await count('first'), await count('mixed')]).toEqual([500, 500]);
    });

    it('puts a record where a projection has removed a document', async () => {
      const id = randomUUID();
      await project([{ kind: 'remove', collection: things.name, id, revision: '4' }]);
      const answers = await Promise.all(
        ['a', 'b', 'c'].map((name) => store.putIfAbsent(things.name, { id, name })),
      );
      expect(new Set(answers.map(({ name }) => name))).toEqual(new Set([await nameOf(id)]));
      await project([put(id, 4, { name: 'older' })]);
      expect(await nameOf(id)).not.toBe('older');
    });

    it('searches as the embedded engine does: ASCII letters in any case, and nothing in what is null', async () => {
      const group = randomUUID();
      for (const name of ['CAFÉ $name', null, 'café'])
        await store.put(things.name, { id: randomUUID(), group, name });
      const count = (text: string) =>
        store.count(things.name, { where: { group }, contains: { fields: ['name'], text } });
      const texts = ['caf', 'FÉ', 'fé', '$NAME', '$group', '$doc.group', ''];
      expect(await Promise.all(texts.map(count))).toEqual([2, 1, 1, 1, 0, 0, 2]);
    });

    it('stores what JSON would make of a document', async () => {
      const at = new Date(0);
      const id = randomUUID();
      await store.put(things.name, { id, at, nothing: undefined, 'dotted.$name': [undefined] });
      expect(await store.get(things.name, id)).toEqual({ id, at: at.toJSON(), 'dotted.$name': [null] });
    });
  });
});
