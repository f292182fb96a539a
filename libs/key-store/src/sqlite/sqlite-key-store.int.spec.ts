import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { keyStoreContract } from '../key-store.contract';
import type { KeyStore, WrappedKey } from '../key-store';
import { openKeyStore } from '../open-key-store';
import { openSqliteKeyStore } from './sqlite-key-store';

const directory = mkdtempSync(join(tmpdir(), 'key-store-'));
afterAll(() => rmSync(directory, { recursive: true }));

keyStoreContract('SQLite', () => openKeyStore(`sqlite:${join(directory, 'contract.db')}`));

function dataKey(wrapped: Uint8Array): WrappedKey {
  const id = randomBytes(16).toString('hex');
  const createdAt = new Date().toISOString();
  return {
    id,
    purpose: 'data',
    parent: 'org_a.1',
    orgId: 'org_a',
    secretId: 'sec_a',
    generation: 1,
    createdAt,
    wrapped,
  };
}

describe('openSqliteKeyStore', () => {
  let file: string;
  let keys: KeyStore;

  beforeEach(async () => {
    file = join(directory, `${randomUUID()}.db`);
    keys = await openSqliteKeyStore({ file });
  });
  afterEach(() => keys.close());

  /** The files of this store that hold the bytes. */
  const filesWith = (bytes: Uint8Array) =>
    readdirSync(directory)
      .map((name) => join(directory, name))
      .filter((path) => path.startsWith(file) && readFileSync(path).includes(Buffer.from(bytes)));

  it('keeps keys and state when it is opened again', async () => {
    const key = dataKey(randomBytes(64));
    const state = { current: 'a', previous: 'b', retired: ['c'] };
    await keys.insert(key);
    await keys.setRootKeyState(state);
    await keys.close();
    keys = await openSqliteKeyStore({ file });
    expect((await keys.get(key.id))?.createdAt).toBe(key.createdAt);
    expect(await keys.rootKeyState()).toEqual(state);
  });

  it('leaves no byte of a destroyed key in its file or the log beside it', async () => {
    const rows = Array.from({ length: 600 }, () => dataKey(randomBytes(64)));
    await Promise.all(rows.map((row) => keys.insert(row)));
    const [one, ...others] = rows;
    expect(filesWith(one!.wrapped)).not.toEqual([]);
    expect(await keys.destroy([one!.id])).toBe(1);
    expect(filesWith(one!.wrapped)).toEqual([]);
    expect(filesWith(Buffer.from(one!.id))).toEqual([]);
    expect(readFileSync(`${file}-wal`)).toHaveLength(0);
    // In pages that were written to the file long ago, too.
    await keys.destroy(others.slice(0, 500).map(({ id }) => id));
    for (const row of others.slice(0, 500)) expect(filesWith(row.wrapped)).toEqual([]);
    expect(filesWith(others.at(-1)!.wrapped)).not.toEqual([]);
  });

  it('leaves no byte of a key that was wrapped anew', async () => {
    const key = dataKey(randomBytes(64));
    await keys.insert(key);
    await keys.rewrap([{ id: key.id, parent: 'org_a.2', wrapped: randomBytes(64) }]);
    await keys.destroy([dataKey(key.wrapped).id]);
    expect(filesWith(key.wrapped)).toEqual([]);
  });

  it('finds the few keys of one organization among those of others, and lets others have their turn meanwhile', async () => {
    const rows = Array.from({ length: 7_000 }, (_, at) => {
      return { ...dataKey(randomBytes(64)), orgId: at % 2_500 === 7 ? 'org_few' : 'org_many' };
    });
    rows.sort((a, b) => (a.id < b.id ? -1 : 1));
    await Promise.all(rows.map((row) => keys.insert(row)));
    const few = rows.filter(({ orgId }) => orgId === 'org_few').map(({ id }) => id);
    let turns = 0;
    const counting = setInterval(() => (turns += 1), 0);
    const listed = await keys.list({ purpose: 'data', orgId: 'org_few', limit: 10 });
    clearInterval(counting);
    expect(listed.map(({ id }) => id)).toEqual(few);
    expect(few).toHaveLength(3);
    expect(turns).toBeGreaterThan(0);

    const inPages: string[] = [];
    for (let page = ['']; page.length > 0; inPages.push(...page)) {
      const found = await keys.list({ purpose: 'data', afterId: inPages.at(-1) ?? '', limit: 900 });
      page = found.map(({ id }) => id);
    }
    expect(inPages).toEqual(rows.map(({ id }) => id));
  });

  it('takes nothing but the key itself to the thread that writes', async () => {
    // Both are windows on the pool of small Buffers.
    const secret = Buffer.from(`canary ${randomUUID()}`);
    const key = dataKey(Buffer.concat([randomBytes(64)]));
    expect(key.wrapped.buffer).toBe(secret.buffer);
    const posted = jest.spyOn(Worker.prototype, 'postMessage');
    try {
      await keys.insert(key);
      // Cloned as on the way to the thread: a view takes all of the memory behind it along.
      const sent = JSON.stringify(structuredClone(posted.mock.calls), (_, value: unknown) =>
        ArrayBuffer.isView(value) ? Buffer.from(value.buffer).toString('latin1') : value,
      );
      expect(sent).toContain(key.id);
      expect(sent.includes(secret.toString())).toBe(false);
    } finally {
      posted.mockRestore();
    }
  });

  it('refuses a second opener of the same file', async () => {
    await expect(openSqliteKeyStore({ file })).rejects.toMatchObject({ code: 'STORE_LOCKED' });
  });

  it('answers STORE_UNAVAILABLE once it is closed', async () => {
    await keys.close();
    const uses = [
      keys.get('a'),
      keys.insert(dataKey(randomBytes(64))),
      keys.destroy(['a']),
      keys.ping(),
      keys.rootKeyState(),
    ];
    for (const use of await Promise.allSettled(uses)) {
      expect(use).toMatchObject({ status: 'rejected', reason: { code: 'STORE_UNAVAILABLE' } });
    }
  });

  it('refuses a file that is no database, and leaves it as it was', async () => {
    const other = join(directory, `${randomUUID()}.txt`);
    writeFileSync(other, 'not a database '.repeat(1_000));
    await expect(openSqliteKeyStore({ file: other })).rejects.toMatchObject({ kind: 'startup' });
    expect(readFileSync(other, 'utf8')).toBe('not a database '.repeat(1_000));
  });
});

describe('openKeyStore', () => {
  it.each(['sqlite:keys.db', 'sqlite:', 'constructor:/a', 'redis://user:hunter2@host', ''])(
    'refuses %p, and does not repeat it',
    async (url) => {
      const refusal = openKeyStore(url);
      await expect(refusal).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
      await expect(refusal).rejects.not.toMatchObject({
        safeMessage: expect.stringContaining('hunter2') as string,
      });
      expect(existsSync('keys.db')).toBe(false);
    },
  );
});
