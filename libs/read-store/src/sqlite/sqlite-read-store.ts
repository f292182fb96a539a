import { AppError, withDeadline } from '#libs/kernel';
import { openSqliteFile, type ReadStatement, type SqliteReader, type SqliteWriter } from '#libs/sqlite';
import {
  assertDocument,
  assertFilter,
  assertId,
  assertQuery,
  assertRecordPage,
  assertSpec,
  assertTextField,
  CollectionCatalog,
} from '../collection-catalog';
import type { Change, CollectionSpec, Contents, Document, Query, ReadStore, RecordPage } from '../read-store';
import { toRows } from './change-rows';
import { parseDocuments, selectById, selectCount, selectPage, type Select } from './collection-query';
import { REMOVED_ROWS_MAX, UNFLUSHED, type ReadStoreJobs } from './read-store.jobs';
import { listRecords, readContents } from './stored-records';

const STATEMENTS_MAX = 256;
const PING_TIMEOUT_MS = 1_000;

/**
 * Opens a read store in one SQLite file. This process is its only writer, so it releases all leases of earlier
 * processes. Fails with STORE_LOCKED, STORE_CORRUPT or DATA_DIR_UNUSABLE, or with STORE_UNAVAILABLE when the file
 * cannot be written to at the moment; try again then.
 */
export async function openSqliteReadStore(file: string): Promise<ReadStore> {
  const jobs = require.resolve('./read-store.jobs');
  const options = { file, jobs, thread: 'state', unflushed: UNFLUSHED } as const;
  return openSqliteFile<ReadStoreJobs, ReadStore>(options, async (writer, reader) => {
    await writer.run('releaseAllLeases', undefined);
    // Half the time of a page goes into reading database pages that the default cache of 2 MB has dropped.
    reader.prepare('PRAGMA cache_size = -16000').get();
    return new SqliteReadStore(writer, reader);
  });
}

class SqliteReadStore implements ReadStore {
  readonly #collections = new CollectionCatalog();
  readonly #statements = new Map<string, ReadStatement>();

  constructor(
    private readonly writer: SqliteWriter<ReadStoreJobs>,
    private readonly reader: SqliteReader,
  ) {}

  async ensureCollection(spec: CollectionSpec): Promise<void> {
    assertSpec(spec);
    await this.writer.run('ensureCollection', spec);
    this.#collections.add(spec);
  }

  async get(collection: string, id: string): Promise<Document | null> {
    const spec = this.#collections.get(collection);
    assertId(id);
    return parseDocuments(spec, this.#read(selectById(spec, id)))[0] ?? null;
  }

  async find(collection: string, query: Query): Promise<Document[]> {
    const spec = this.#collections.get(collection);
    assertQuery(spec, query);
    return parseDocuments(spec, this.#read(selectPage(spec, query)));
  }

  async count(collection: string, query: Pick<Query, 'where' | 'contains'>): Promise<number> {
    const spec = this.#collections.get(collection);
    assertFilter(spec, query);
    return Number(this.#read(selectCount(spec, query)) ?? 0);
  }

  // eslint-disable-next-line no-restricted-syntax -- all four belong to one call, made only by the projection runner
  async project(
    projection: string,
    changes: readonly Change[],
    position: string,
    fence: number,
  ): Promise<void> {
    for (const change of changes) this.#collections.assertChange(change);
    const done = await this.writer.run('project', { projection, position, fence, ...toRows(changes) });
    if (!done) throw unavailable(new Error('Another holder has taken the lease'));
  }

  async checkpoint(projection: string): Promise<string | null> {
    const sql = 'SELECT position FROM checkpoints WHERE projection = ?';
    const position = this.#read({ sql, parameters: [projection] });
    return typeof position === 'string' ? position : null;
  }

  async checkpoints(): Promise<string[]> {
    const sql = 'SELECT json_group_array(position) FROM checkpoints';
    return JSON.parse(String(this.#read({ sql, parameters: [] }))) as string[];
  }

  acquireLease(name: string, holder: string, ttlMs: number): Promise<number | null> {
    return this.writer.run('acquireLease', { name, holder, ttlMs });
  }

  releaseLease(name: string, holder: string): Promise<void> {
    return this.writer.run('releaseLease', { name, holder });
  }

  async putIfAbsent(collection: string, document: Document): Promise<Document> {
    const text = await this.writer.run('putIfAbsent', this.#stored(collection, document));
    return JSON.parse(text) as Document;
  }

  async put(collection: string, document: Document): Promise<void> {
    await this.writer.run('put', this.#stored(collection, document));
  }

  async remove(collection: string, id: string): Promise<void> {
    assertId(id);
    await this.writer.run('remove', { collection: this.#collections.get(collection).name, id });
  }

  async removeBefore(collection: string, field: string, time: string): Promise<number> {
    const spec = this.#collections.get(collection);
    assertTextField(spec, field);
    assertFilter(spec, { where: { [field]: time } });
    let removed = 0;
    for (let step = REMOVED_ROWS_MAX; step === REMOVED_ROWS_MAX; removed += step)
      step = await this.writer.run('removeBefore', { collection, field, time });
    return removed;
  }

  async forget(): Promise<void> {
    await this.writer.rewrite();
  }

  async contents(): Promise<Contents> {
    return readContents((select) => this.#read(select));
  }

  async listRecords(collection: string, page: RecordPage): Promise<Document[]> {
    assertRecordPage(collection, page);
    return listRecords((select) => this.#read(select), collection, page);
  }

  async ping(): Promise<void> {
    this.#read({ sql: 'SELECT 1', parameters: [] });
    await withDeadline(this.writer.run('ping', undefined), PING_TIMEOUT_MS, 'STORE_UNAVAILABLE');
  }

  async close(): Promise<void> {
    this.#statements.clear();
    this.reader.close();
    await this.writer.close();
  }

  #stored(collection: string, document: Document): { collection: string; id: string; doc: string } {
    assertDocument(this.#collections.get(collection), document);
    return { collection, id: document.id, doc: JSON.stringify(document) };
  }

  /** Gives the first column of the first row. */
  #read({ sql, parameters }: Select): unknown {
    try {
      const statement = this.#statements.get(sql) ?? this.#prepare(sql);
      return statement.get(...parameters)?.[0];
    } catch (cause) {
      throw unavailable(cause);
    }
  }

  #prepare(sql: string): ReadStatement {
    if (this.#statements.size >= STATEMENTS_MAX) this.#statements.clear();
    const statement = this.reader.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

function unavailable(cause: unknown): AppError {
  return new AppError('STORE_UNAVAILABLE', { cause });
}
