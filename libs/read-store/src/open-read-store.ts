import { engineFor } from '#libs/kernel';
import type * as mongoEngine from './mongo/mongo-read-store';
import type { ReadStore } from './read-store';
import type * as sqliteEngine from './sqlite/sqlite-read-store';

export interface ReadStoreOptions {
  /** Allows a server on the network without TLS. Default false. */
  readonly allowPlaintext?: boolean | undefined;
}

type Open = (place: string, options: ReadStoreOptions) => Promise<ReadStore>;

// An engine is loaded only when it is chosen, because loading the others would cost time and memory.
const openSqlite: Open = async (file) => {
  const engine = require('./sqlite/sqlite-read-store') as typeof sqliteEngine;
  return engine.openSqliteReadStore(file);
};
const openMongo: Open = async (url, options) => {
  const engine = require('./mongo/mongo-read-store') as typeof mongoEngine;
  return engine.openMongoReadStore(url, options);
};

const engines = new Map([
  ['sqlite', openSqlite],
  ['mongodb', openMongo],
  ['mongodb+srv', openMongo],
]);

/** Opens the read store that `url` names, such as `sqlite:/var/lib/hklst/reads.db`. Fails as `engineFor` does. */
export async function openReadStore(url: string, options: ReadStoreOptions = {}): Promise<ReadStore> {
  const { engine, place } = engineFor('READ_STORE_URL', url, engines);
  return engine(place, options);
}
