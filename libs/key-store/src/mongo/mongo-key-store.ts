import {
  BATCH_MS,
  duplicatesIn,
  openMongo,
  type Collection,
  type MongoDatabase,
  GroupedCalls,
} from '#libs/mongo';
import type { KeyStore, RootKeyState, WrappedKey } from '../key-store';
import { filterOf, text, toKey, toStored, type StoredKey, type StoredState } from './stored-key';

const STATE_ID = 'state';

/**
 * Opens the key store on a MongoDB server. Fails with CONFIG_INVALID for a bad connection string, and with
 * STORE_UNAVAILABLE when the server is away, because a process can serve nothing without keys.
 */
export async function openMongoKeyStore(
  url: string,
  options: { allowPlaintext?: boolean | undefined },
): Promise<KeyStore> {
  const db = openMongo(url, { ...options, setting: 'KEY_STORE_URL', database: 'hklst-keys' });
  try {
    // Data keys are found by their ids, and paged through in that order. The others are few. Their index leaves out the
    // data keys, so that it costs the insert of a data key nothing.
    const index = {
      key: { purpose: 1, _id: 1 },
      partialFilterExpression: { purpose: { $gt: 'data' } },
    } as const;
    await db.run(() => db.collection<StoredKey>('keys').createIndexes([index]), BATCH_MS);
    return new MongoKeyStore(db);
  } catch (error) {
    await db.close();
    throw error;
  }
}

class MongoKeyStore implements KeyStore {
  readonly #keys: Collection<StoredKey>;
  /** Tells of each key whether it is new. Grouped, because the server flushes its journal for each call. */
  readonly #inserts = new GroupedCalls((keys: readonly StoredKey[]) => this.#insertAll(keys));
  readonly #reads = new GroupedCalls((ids: readonly string[]) => this.#getAll(ids));
  readonly #states: Collection<StoredState>;

  constructor(private readonly db: MongoDatabase) {
    this.#keys = db.collection('keys');
    this.#states = db.collection('root_key_state');
  }

  async insert(key: WrappedKey): Promise<boolean> {
    return this.#inserts.run(toStored(key));
  }

  async get(id: string): Promise<WrappedKey | null> {
    const stored = await this.#reads.run(text(id));
    return stored && toKey(stored);
  }

  async list(query: Parameters<KeyStore['list']>[0]): Promise<WrappedKey[]> {
    const { afterId = '', limit } = query;
    const filter = { ...filterOf(query), _id: { $gt: text(afterId) } };
    const options = { sort: { _id: 1 }, limit, batchSize: limit } as const;
    const found = await this.db.run(() => this.#keys.find(filter, options).toArray(), BATCH_MS);
    return found.map(toKey);
  }

  async count(query: Parameters<KeyStore['count']>[0]): Promise<number> {
    const filter = filterOf(query);
    return this.db.run(() => this.#keys.countDocuments(filter), BATCH_MS);
  }

  async rewrap(keys: readonly Pick<WrappedKey, 'id' | 'parent' | 'wrapped'>[]): Promise<number> {
    if (keys.length === 0) return 0;
    const updates = keys.map(({ id, parent, wrapped }) => {
      const $set = { parent: text(parent), wrapped: Uint8Array.from(wrapped) };
      return { updateOne: { filter: { _id: text(id) }, update: { $set } } };
    });
    const done = await this.db.run(() => this.#keys.bulkWrite(updates, { ordered: false }), BATCH_MS);
    return done.matchedCount;
  }

  /**
   * The server gives these keys out no more. Their bytes, still wrapped, stay in free pages of its files, in the
   * journal and in the oplog until those are overwritten (ADR 5).
   */
  async destroy(ids: readonly string[]): Promise<number> {
    if (ids.length === 0) return 0;
    const filter = { _id: { $in: ids.map(text) } };
    const done = await this.db.run(() => this.#keys.deleteMany(filter));
    return done.deletedCount;
  }

  async rootKeyState(): Promise<RootKeyState | null> {
    const stored = await this.db.run(() => this.#states.findOne({ _id: STATE_ID }));
    if (!stored) return null;
    const { current, previous, retired } = stored;
    return { current, previous, retired };
  }

  async setRootKeyState({ current, previous, retired }: RootKeyState): Promise<void> {
    const state = { current, previous, retired };
    await this.db.run(() => this.#states.replaceOne({ _id: STATE_ID }, state, { upsert: true }));
  }

  ping(): Promise<void> {
    return this.db.ping();
  }

  close(): Promise<void> {
    return this.db.close();
  }

  async #insertAll(keys: readonly StoredKey[]): Promise<readonly boolean[]> {
    const known = await this.db.run(async () => {
      try {
        await this.#keys.insertMany(keys, { ordered: false });
        return new Set<number>();
      } catch (error) {
        return new Set(duplicatesIn(error));
      }
    });
    return keys.map((_, index) => !known.has(index));
  }

  async #getAll(ids: readonly string[]): Promise<readonly (StoredKey | null)[]> {
    const options = { limit: ids.length, batchSize: ids.length } as const;
    const find = () => this.#keys.find({ _id: { $in: ids } }, options).toArray();
    const found = new Map((await this.db.run(find)).map((stored) => [stored._id, stored]));
    return ids.map((id) => found.get(id) ?? null);
  }
}
