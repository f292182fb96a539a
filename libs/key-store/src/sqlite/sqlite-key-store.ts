import { setImmediate as nextTurn } from 'node:timers/promises';
import { AppError } from '#libs/kernel';
import {
  openSqliteFile,
  SoleWriterCache,
  type Parameter,
  type ReadStatement,
  type SqliteReader,
  type SqliteWriter,
} from '#libs/sqlite';
import type { KeyPurpose, KeyStore, RootKeyState, WrappedKey } from '../key-store';
import type { KeyStoreJobs } from './key-store.jobs';

const COLUMNS = 'id, purpose, parent, org_id, secret_id, generation, created_at, wrapped';
type KeyRow = [string, KeyPurpose, string, string, string, number, string, Uint8Array];
type StateRow = [current: string, previous: string | null, retired: string];
const ROWS_KEPT_MAX = 20_000;

type Rewrapped = Pick<WrappedKey, 'id' | 'parent' | 'wrapped'>;

/** A search of all data keys blocks the event loop for at most this many rows at a time, about a millisecond. */
const SLICE_ROWS = 2_000;
const AFTER_ALL_IDS = '\u{10ffff}';

/** Opens the key store in `file`, an absolute path, and makes it if it is missing. Fails like `openSqliteFile`. */
export async function openSqliteKeyStore({ file }: { readonly file: string }): Promise<KeyStore> {
  const jobs = require.resolve('./key-store.jobs');
  return openSqliteFile<KeyStoreJobs, KeyStore>(
    { file, jobs, thread: 'state', secureDelete: true },
    (writer, reader) => new SqliteKeyStore(writer, reader),
  );
}

class SqliteKeyStore implements KeyStore {
  readonly #byId: ReadStatement<KeyRow>;
  readonly #sliceEnd: ReadStatement<[id: string]>;
  readonly #state: ReadStatement<StateRow>;
  /** The keys in these rows are wrapped, as they are in the file. */
  readonly #rows = new SoleWriterCache<WrappedKey>(ROWS_KEPT_MAX);
  #closed = false;

  constructor(
    private readonly writer: SqliteWriter<KeyStoreJobs>,
    private readonly reader: SqliteReader,
  ) {
    this.#byId = reader.prepare(`SELECT ${COLUMNS} FROM keys WHERE id = ?`);
    this.#sliceEnd = reader.prepare(
      `SELECT id FROM keys WHERE id > ? ORDER BY id LIMIT 1 OFFSET ${SLICE_ROWS - 1}`,
    );
    this.#state = reader.prepare('SELECT current, previous, retired FROM root_key_state');
  }

  async insert(key: WrappedKey): Promise<boolean> {
    const { id, purpose, parent, orgId, secretId, generation, createdAt, wrapped } = key;
    const text = latin1(wrapped);
    return this.writer.run('insert', [id, purpose, parent, orgId, secretId, generation, createdAt, text]);
  }

  async get(id: string): Promise<WrappedKey | null> {
    const known = this.#closed ? undefined : this.#rows.get(id);
    if (known) return known;
    const row = this.#read(() => this.#byId.get(id));
    if (!row) return null;
    const key = toKey(row);
    this.#rows.keep(id, key);
    return key;
  }

  async list(query: Parameters<KeyStore['list']>[0]): Promise<WrappedKey[]> {
    const { source, values } = selection(query);
    const sql = `SELECT ${COLUMNS} ${source} AND id > ? AND id <= ? ORDER BY id LIMIT ?`;
    const statement = this.#read(() => this.reader.prepare<KeyRow>(sql));
    const found: KeyRow[] = [];
    let after: string | undefined = query.afterId ?? '';
    while (after !== undefined && found.length < query.limit) {
      const from: string = after;
      const upTo: string | undefined = query.purpose === 'data' ? this.#endOfSlice(from) : undefined;
      const limit = query.limit - found.length;
      found.push(...this.#read(() => statement.all(...values, from, upTo ?? AFTER_ALL_IDS, limit)));
      after = upTo;
      if (upTo !== undefined) await nextTurn();
    }
    return found.map(toKey);
  }

  async count(query: Parameters<KeyStore['count']>[0]): Promise<number> {
    const { source, values } = selection(query);
    return (
      this.#read(() => this.reader.prepare<[number]>(`SELECT count(*) ${source}`).get(...values))?.[0] ?? 0
    );
  }

  async rewrap(keys: readonly Rewrapped[]): Promise<number> {
    const ids = keys.map(({ id }) => id);
    const rows = keys.map(({ id, parent, wrapped }) => [id, parent, latin1(wrapped)] as const);
    return this.#rows.whileWriting(ids, () => this.writer.run('rewrap', rows));
  }

  async destroy(ids: readonly string[]): Promise<number> {
    if (ids.length === 0) return 0;
    const count = await this.#rows.whileWriting(ids, () => this.writer.run('destroy', ids));
    // Also when no row was there: an earlier attempt of this call may have died behind the deletion.
    await this.writer.truncateWal();
    return count;
  }

  async rootKeyState(): Promise<RootKeyState | null> {
    const row = this.#read(() => this.#state.get());
    return row ? { current: row[0], previous: row[1], retired: JSON.parse(row[2]) as string[] } : null;
  }

  async setRootKeyState(state: RootKeyState): Promise<void> {
    await this.writer.run('setRootKeyState', state);
  }

  async ping(): Promise<void> {
    await this.writer.run('ping', undefined);
    this.#read(() => this.#state.get());
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.reader.close();
    await this.writer.close();
  }

  /** The last id of the slice that begins after `from`; undefined when fewer rows are left. */
  #endOfSlice(from: string): string | undefined {
    return this.#read(() => this.#sliceEnd.get(from))?.[0];
  }

  #read<R>(work: () => R): R {
    try {
      // The driver itself would still read after it was closed.
      if (this.#closed) throw new Error('The store was closed');
      return work();
    } catch (cause) {
      throw new AppError('STORE_UNAVAILABLE', { cause });
    }
  }
}

/** Gives the FROM and WHERE of a query. Data keys have no index but their ids, so a search reads them in that order. */
function selection({ purpose, parent, orgId }: { purpose: KeyPurpose; parent?: string; orgId?: string }) {
  const filters = Object.entries({ purpose, parent, org_id: orgId }).filter(
    (filter): filter is [string, string] => filter[1] !== undefined,
  );
  const where = filters.map(([column]) => `${column} = ?`).join(' AND ');
  const source =
    purpose === 'data'
      ? `FROM keys WHERE ${where}`
      : `FROM keys INDEXED BY keys_but_data WHERE purpose <> 'data' AND ${where}`;
  return { source, values: filters.map(([, value]): Parameter => value) };
}

function toKey([id, purpose, parent, orgId, secretId, generation, createdAt, wrapped]: KeyRow): WrappedKey {
  return { id, purpose, parent, orgId, secretId, generation, createdAt, wrapped };
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
