import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteFile } from '#libs/sqlite';
import { openReadStore } from '../open-read-store';
import { emptyReadStoreContract, readStoreContract } from '../read-store.contract';

const directory = mkdtempSync(join(tmpdir(), 'read-store-'));
afterAll(() => rmSync(directory, { recursive: true }));

readStoreContract('SQLite', () => openReadStore(`sqlite:${join(directory, 'read.db')}`));

let files = 0;
emptyReadStoreContract('SQLite', () => openReadStore(`sqlite:${join(directory, `empty-${++files}.db`)}`));

describe('openSqliteReadStore', () => {
  const file = join(directory, 'full.db');
  /** What the sole writer of the file executes as it opens it. */
  const execute = async (sql: string) => {
    const jobs = join(directory, `${randomUUID()}.jobs.js`);
    writeFileSync(jobs, `exports.setup = (db) => { db.exec(${JSON.stringify(sql)}); return {}; };`);
    await openSqliteFile({ file, jobs, thread: 'state' }, (writer, reader) => {
      reader.close();
      return writer.close();
    });
  };

  it('can be tried again after it could not write', async () => {
    const killed = await openReadStore(`sqlite:${file}`);
    await killed.acquireLease('a', 'holder', 60_000);
    await killed.close();
    await execute("CREATE TRIGGER full BEFORE UPDATE ON leases BEGIN SELECT RAISE(FAIL, 'full'); END");
    for (const _ of ['first', 'second'])
      await expect(openReadStore(`sqlite:${file}`)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await execute('DROP TRIGGER full');
    const store = await openReadStore(`sqlite:${file}`);
    expect(await store.acquireLease('a', 'another', 60_000)).not.toBeNull();
    await store.close();
  });
});

describe('removeBefore', () => {
  it('lets others write in between, however much there is to remove', async () => {
    const store = await openReadStore(`sqlite:${join(directory, 'old.db')}`);
    const collection = { name: 'answers_v1', fields: { at: 'string' }, indexes: [] } as const;
    await store.ensureCollection(collection);
    const put = (at: string) => store.put(collection.name, { id: randomUUID(), at });
    await Promise.all(Array.from({ length: 3_500 }, () => put('2025')));
    const ended: string[] = [];
    const removing = store.removeBefore(collection.name, 'at', '2026').finally(() => ended.push('removal'));
    await put('2027').finally(() => ended.push('write'));
    expect(await removing).toBe(3_500);
    expect(ended).toEqual(['write', 'removal']);
    expect(await store.count(collection.name, { where: {} })).toBe(1);
    await store.close();
  });
});

describe('forget', () => {
  it('leaves no byte of what was removed or replaced in any file', async () => {
    const folder = join(directory, 'forgetting');
    mkdirSync(folder);
    const store = await openReadStore(`sqlite:${join(folder, 'read.db')}`);
    const collection = { name: 'people_v1', fields: { email: 'string' }, indexes: [['email']] } as const;
    await store.ensureCollection(collection);
    const people = Array.from({ length: 600 }, (_, n) => ({
      id: randomUUID(),
      email: `person-${n}-of-many@x`,
    }));
    // Different lengths, and removals in between: pages are split, and rows move.
    const writes: Promise<void>[] = [];
    for (const [n, { id, email }] of people.entries()) {
      writes.push(store.put(collection.name, { id, email, about: 'x'.repeat((n * 7) % 300) }));
      const gone = people[n - 40];
      if (gone && n % 3 === 0) writes.push(store.put(collection.name, { ...gone, about: 'y'.repeat(400) }));
      if (gone && n % 2 === 0) writes.push(store.remove(collection.name, gone.id));
    }
    await Promise.all(writes);
    await store.forget();
    const files = readdirSync(folder).map((file) => readFileSync(join(folder, file)));
    const left = await Promise.all(
      people.map(async ({ id, email }) => ({
        there: (await store.get(collection.name, id)) !== null,
        inFiles: files.some((content) => content.includes(email)),
      })),
    );
    expect(left.filter(({ there, inFiles }) => there !== inFiles)).toEqual([]);
    expect(left.filter(({ there }) => !there).length).toBeGreaterThan(200);
    await store.close();
  });
});
