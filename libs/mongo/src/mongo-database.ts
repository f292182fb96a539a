import { AppError, isAppError, withDeadline } from '#libs/kernel';
import { ReadConcern, type Collection, type Db, type Document, type MongoClient } from 'mongodb';
import { AWAY_MS, parseMongoUrl, type MongoOptions } from './mongo-url';
import { named } from './server-errors';

/** How long a caller waits. The driver gives up a little earlier on a server that it does not reach. */
export const REQUEST_MS = AWAY_MS + 100;
/**
 * Once it is known that no server is there, a caller waits as long as it takes to see one that is back. Some
 * requests ask two stores, one after the other.
 */
const KNOWN_AWAY_MS = 500;
/** For what nobody waits for in a request: many documents at once. */
export const BATCH_MS = 10_000;

/**
 * What is acknowledged is on the disks of a majority, what is read cannot be rolled back, and both hold for every
 * call, whatever the URL says: a document that a failover loses behind its checkpoint would be missing for ever.
 */
const DURABLE = {
  writeConcern: { w: 'majority', journal: true },
  readConcern: new ReadConcern('majority'),
  readPreference: 'primary',
} as const;

/** CONFIG_INVALID for a bad connection string. Connects with the first call: the server may come up later. */
export function openMongo(url: string, options: MongoOptions): MongoDatabase {
  const { client, database } = parseMongoUrl(url, options);
  return new MongoDatabase(client, database);
}

/** One database of a server, behind the errors of our ports. */
export class MongoDatabase {
  readonly #db: Db;
  #connected: Promise<unknown> | undefined;
  /** It was there, and is known to be away now. */
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

  /** A call of the driver's, like those of a collection. */
  async collectionNames(): Promise<string[]> {
    const collections = await this.#db.listCollections({}, { nameOnly: true }).toArray();
    return collections.map(({ name }) => name).sort();
  }

  /**
   * Settles like `work`, but with STORE_UNAVAILABLE for every failure of the driver, and after `timeoutMs` at
   * the latest. The outcome of a write is unknown then: it may still happen.
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

  /** Waits for no answer for longer than a request would. */
  async close(): Promise<void> {
    await withDeadline(this.client.close(), REQUEST_MS, 'STORE_UNAVAILABLE').catch(() => undefined);
  }

  /** Once connected, the driver finds its way back by itself; a first attempt that failed it does not repeat. */
  #connect(): Promise<unknown> {
    this.#connected ??= this.client.connect().catch((error: unknown) => {
      this.#connected = undefined;
      throw error;
    });
    return this.#connected;
  }
}
