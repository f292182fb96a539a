import { AppError, isAppError, withDeadline } from '#libs/kernel';
import { ReadConcern, type Collection, type Db, type Document, type MongoClient } from 'mongodb';
import { AWAY_MS, parseMongoUrl, type MongoOptions } from './mongo-url';
import { named } from './server-errors';

/** How long a request waits. The driver gives up a little earlier on a server that it does not reach. */
export const REQUEST_MS = AWAY_MS + 100;
/**
 * How long a call waits while the server is known to be away: long enough to notice a server that is back. It is short,
 * because some requests ask two stores one after the other.
 */
const KNOWN_AWAY_MS = 500;
/** How long a call for many documents may take. No request waits for such a call. */
export const BATCH_MS = 10_000;

/**
 * For every call, whatever the URL says: what is acknowledged is on the disks of a majority, and what is read cannot be
 * rolled back. Otherwise a failover could lose a document behind its checkpoint, and it would be missing for ever.
 */
const DURABLE = {
  writeConcern: { w: 'majority', journal: true },
  readConcern: new ReadConcern('majority'),
  readPreference: 'primary',
} as const;

/** Fails with CONFIG_INVALID for a bad connection string. Connects at the first call: the server may come up later. */
export function openMongo(url: string, options: MongoOptions): MongoDatabase {
  const { client, database } = parseMongoUrl(url, options);
  return new MongoDatabase(client, database);
}

/** One database of a server. It turns failures of the driver into errors of our ports. */
export class MongoDatabase {
  readonly #db: Db;
  #connected: Promise<unknown> | undefined;
  /** The server was reachable before, and is known to be away now. */
  #isKnownAway = false;

  constructor(
    private readonly client: MongoClient,
    name: string,
  ) {
    this.#db = client.db(name, DURABLE);
    client.on('topologyDescriptionChanged', ({ previousDescription: before, newDescription: now }) => {
      if (now.hasDataBearingServers) this.#isKnownAway = false;
      else if (before.hasDataBearingServers) this.#isKnownAway = true;
    });
  }

  collection<T extends Document>(name: string): Collection<T> {
    return this.#db.collection<T>(name);
  }

  /** Calls the driver directly, like the methods of a collection: pass it to `run`. */
  async collectionNames(): Promise<string[]> {
    const collections = await this.#db.listCollections({}, { nameOnly: true }).toArray();
    return collections.map(({ name }) => name).sort();
  }

  /**
   * Settles like `work`, or with STORE_UNAVAILABLE for every failure of the driver, and after `timeoutMs` at the
   * latest. The outcome of a write is then unknown: it may still happen.
   */
  async run<T>(work: () => Promise<T>, timeoutMs = REQUEST_MS): Promise<T> {
    const waitMs = this.#isKnownAway ? Math.min(timeoutMs, KNOWN_AWAY_MS) : timeoutMs;
    try {
      return await withDeadline(this.#connect().then(work), waitMs, 'STORE_UNAVAILABLE');
    } catch (error) {
      if (isAppError(error)) throw error;
      throw new AppError('STORE_UNAVAILABLE', { cause: named(error) });
    }
  }

  async ping(): Promise<void> {
    await this.run(() => this.#db.command({ ping: 1 }));
  }

  /** Closes the connections. Waits no longer than a request would. */
  async close(): Promise<void> {
    await withDeadline(this.client.close(), REQUEST_MS, 'STORE_UNAVAILABLE').catch(() => undefined);
  }

  /** The driver reconnects by itself, but does not repeat a first attempt that failed. */
  #connect(): Promise<unknown> {
    this.#connected ??= this.client.connect().catch((error: unknown) => {
      this.#connected = undefined;
      throw error;
    });
    return this.#connected;
  }
}
