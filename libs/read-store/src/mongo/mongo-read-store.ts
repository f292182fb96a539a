import { AppError } from '#libs/kernel';
import {
  BATCH_MS,
  openMongo,
  REQUEST_MS,
  type Collection,
  type MongoDatabase,
  GroupedCalls,
} from '#libs/mongo';
import {
  assertDocument,
  assertFilter,
  assertId,
  assertQuery,
  assertRecordPage,
  assertSpec,
  assertTextField,
  CollectionCatalog,
  isCollectionName,
} from '../collection-catalog';
import type { Change, CollectionSpec, Contents, Document, Query, ReadStore, RecordPage } from '../read-store';
import { filterOf, indexesOf, sortOf } from './document-query';
import { applyChanges } from './guarded-writes';
import { Leases } from './leases';
import { hasProjected, hasRecord, listRecords, putRecord, putRecordIfAbsent } from './records';
import { SHOWN, shown, type Shown, type StoredDocument } from './stored-document';

/** Time for building the indexes of an existing collection. */
const BUILD_MS = 60_000;
/** Time for reading a whole collection. */
const SCAN_MS = 60_000;
/** A query for more documents than this reads a whole collection, and gets more time. */
const PAGE_MAX = 1_000;

/** Fails with CONFIG_INVALID for a bad URL. Connects with the first call, so the server may start later. */
export function openMongoReadStore(
  url: string,
  options: { allowPlaintext?: boolean | undefined },
): ReadStore {
  return new MongoReadStore(openMongo(url, { ...options, setting: 'READ_STORE_URL', database: 'hklst' }));
}

type Found = Shown & Pick<StoredDocument, '_id'>;

class MongoReadStore implements ReadStore {
  readonly #collections = new CollectionCatalog();
  readonly #leases: Leases;
  /** By the name of the collection. */
  readonly #gets = new Map<string, GroupedCalls<string, Found | undefined>>();

  constructor(private readonly db: MongoDatabase) {
    this.#leases = new Leases(db);
  }

  async ensureCollection(spec: CollectionSpec): Promise<void> {
    assertSpec(spec);
    const indexes = indexesOf(spec);
    const { name } = spec;
    if (indexes.length > 0) await this.db.run(() => this.#documents(name).createIndexes(indexes), BUILD_MS);
    this.#collections.add(spec);
  }

  async get(collection: string, id: string): Promise<Document | null> {
    const spec = this.#collections.get(collection);
    assertId(id);
    let gets = this.#gets.get(collection);
    if (!gets) {
      gets = new GroupedCalls((ids) => this.#getAll(collection, ids));
      this.#gets.set(collection, gets);
    }
    const stored = await gets.run(id);
    return stored ? shown(spec, stored) : null;
  }

  async find(collection: string, query: Query): Promise<Document[]> {
    const spec = this.#collections.get(collection);
    assertQuery(spec, query);
    const { skip = 0, limit } = query;
    const maxTimeMS = limit > PAGE_MAX ? BATCH_MS : REQUEST_MS;
    // All documents come in one answer. The driver's default fetches them in parts of a hundred.
    const options = { projection: SHOWN, sort: sortOf(query.sort), skip, limit, batchSize: limit, maxTimeMS };
    const find = () => this.#documents(collection).find(filterOf(query), options).toArray();
    const found = await this.db.run(find, maxTimeMS);
    return found.flatMap((stored) => shown(spec, stored) ?? []);
  }

  async count(collection: string, query: Pick<Query, 'where' | 'contains'>): Promise<number> {
    assertFilter(this.#collections.get(collection), query);
    const options = { maxTimeMS: REQUEST_MS };
    return this.db.run(() => this.#documents(collection).countDocuments(filterOf(query), options));
  }

  /**
   * The server refuses the checkpoint under an old fence, in the same write that moves it. The documents are written
   * before, and for them the fence is only read first. So a holder that stops in between, and goes on after another has
   * taken the lease, still writes this one batch. That does no harm: the guard refuses documents that are not newer,
   * and the new holder makes the same documents from the same events. Then the old holder's checkpoint is refused, and
   * its term ends (ADR 7).
   */
  // eslint-disable-next-line no-restricted-syntax -- all four belong to one call, made only by the projection runner
  async project(
    projection: string,
    changes: readonly Change[],
    position: string,
    fence: number,
  ): Promise<void> {
    for (const change of changes) this.#collections.assertChange(change);
    if (changes.length > 0) {
      // Each step has its own time limit, and no step follows one that exceeded it.
      const held = await this.db.run(() => this.#leases.isHeld(projection, fence), BATCH_MS);
      if (!held) throw lost();
      await this.db.run(() => applyChanges((name) => this.#documents(name), changes), BATCH_MS);
    }
    const moved = await this.db.run(() => this.#leases.moveCheckpoint(projection, fence, position), BATCH_MS);
    if (!moved) throw lost();
  }

  checkpoint(projection: string): Promise<string | null> {
    return this.db.run(() => this.#leases.checkpoint(projection));
  }

  checkpoints(): Promise<string[]> {
    return this.db.run(() => this.#leases.checkpoints());
  }

  acquireLease(name: string, holder: string, ttlMs: number): Promise<number | null> {
    return this.db.run(() => this.#leases.acquire(name, holder, ttlMs));
  }

  releaseLease(name: string, holder: string): Promise<void> {
    return this.db.run(() => this.#leases.release(name, holder));
  }

  async putIfAbsent(collection: string, document: Document): Promise<Document> {
    const spec = this.#collections.get(collection);
    assertDocument(spec, document);
    const stored = await this.db.run(() => putRecordIfAbsent(this.#documents(collection), document));
    return shown(spec, stored) ?? document;
  }

  async put(collection: string, document: Document): Promise<void> {
    assertDocument(this.#collections.get(collection), document);
    await this.db.run(() => putRecord(this.#documents(collection), document));
  }

  async remove(collection: string, id: string): Promise<void> {
    this.#collections.get(collection);
    assertId(id);
    await this.db.run(() => this.#documents(collection).deleteOne({ _id: id }));
  }

  async removeBefore(collection: string, field: string, time: string): Promise<number> {
    const spec = this.#collections.get(collection);
    assertTextField(spec, field);
    assertFilter(spec, { where: { [field]: time } });
    const older = { [`doc.${field}`]: { $lt: time } };
    const removed = await this.db.run(() => this.#documents(collection).deleteMany(older), BATCH_MS);
    return removed.deletedCount;
  }

  async contents(): Promise<Contents> {
    const recordCollections: string[] = [];
    let isProjected = (await this.checkpoints()).length > 0;
    for (const name of await this.db.run(() => this.db.collectionNames())) {
      if (!isCollectionName(name)) continue;
      const documents = this.#documents(name);
      if (await this.db.run(() => hasRecord(documents), SCAN_MS)) recordCollections.push(name);
      isProjected ||= await this.db.run(() => hasProjected(documents), SCAN_MS);
    }
    return { recordCollections, isProjected };
  }

  async listRecords(collection: string, page: RecordPage): Promise<Document[]> {
    assertRecordPage(collection, page);
    return this.db.run(() => listRecords(this.#documents(collection), page), BATCH_MS);
  }

  /** The server removes old content from its files by itself. */
  async forget(): Promise<void> {
    return this.ping();
  }

  ping(): Promise<void> {
    return this.db.ping();
  }

  close(): Promise<void> {
    return this.db.close();
  }

  async #getAll(collection: string, ids: readonly string[]): Promise<readonly (Found | undefined)[]> {
    const options = { projection: { ...SHOWN, _id: 1 }, limit: ids.length, batchSize: ids.length };
    const find = () =>
      this.#documents(collection)
        .find({ _id: { $in: ids } }, options)
        .toArray();
    const found = new Map((await this.db.run(find)).map((stored) => [stored._id, stored]));
    return ids.map((id) => found.get(id));
  }

  #documents(collection: string): Collection<StoredDocument> {
    return this.db.collection<StoredDocument>(collection);
  }
}

function lost(): AppError {
  const cause = new Error('Another holder has taken the lease');
  return new AppError('STORE_UNAVAILABLE', { cause });
}
