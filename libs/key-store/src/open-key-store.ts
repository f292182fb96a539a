import { engineFor } from '#libs/kernel';
import type { KeyStore } from './key-store';
import type * as mongoEngine from './mongo/mongo-key-store';
import type * as sqliteEngine from './sqlite/sqlite-key-store';

export interface KeyStoreOptions {
  /** True to allow a connection without TLS to a server on the network. Default false. */
  readonly allowPlaintext?: boolean | undefined;
}

type Open = (place: string, options: KeyStoreOptions) => Promise<KeyStore>;

// Each engine is loaded when it is chosen, so that a process loads no driver that it does not use.
const openSqlite: Open = async (file) => {
  const engine = require('./sqlite/sqlite-key-store') as typeof sqliteEngine;
  return engine.openSqliteKeyStore({ file });
};
const openMongo: Open = async (url, options) => {
  const engine = require('./mongo/mongo-key-store') as typeof mongoEngine;
  return engine.openMongoKeyStore(url, options);
};

const engines = new Map([
  ['sqlite', openSqlite],
  ['mongodb', openMongo],
  ['mongodb+srv', openMongo],
]);

/**
 * Opens the key store that `url` names, such as `sqlite:/var/lib/hklst/keys.db`. Fails with a `startup` error, or
 * with STORE_UNAVAILABLE when its server is away.
 */
export async function openKeyStore(url: string, options: KeyStoreOptions = {}): Promise<KeyStore> {
  const { engine, place } = engineFor('KEY_STORE_URL', url, engines);
  return engine(place, options);
}
