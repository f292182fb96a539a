import { isAbsolute } from 'node:path';
import { AppError } from '#libs/kernel';
import type { KeyStore } from './key-store';
import type * as mongoEngine from './mongo/mongo-key-store';
import type * as sqliteEngine from './sqlite/sqlite-key-store';

export interface KeyStoreOptions {
  /** Default false: a server on the network is talked to under TLS only. */
  readonly allowPlaintext?: boolean | undefined;
}

// Each engine is loaded when it is chosen, so that nobody pays for the others.
const engines = new Map<string, (url: string, options: KeyStoreOptions) => Promise<KeyStore>>([
  [
    'sqlite',
    async (url) => {
      const file = url.slice('sqlite:'.length);
      if (!isAbsolute(file)) throw invalid('sqlite: must be followed by an absolute path');
      const engine = require('./sqlite/sqlite-key-store') as typeof sqliteEngine;
      return engine.openSqliteKeyStore({ file });
    },
  ],
  [
    'mongodb',
    async (url, options) => {
      const engine = require('./mongo/mongo-key-store') as typeof mongoEngine;
      return engine.openMongoKeyStore(url, options);
    },
  ],
]);

/**
 * Opens the key store that a URL names, such as `sqlite:/var/lib/hklst/keys.db`. Fails with a `startup` error, or
 * with STORE_UNAVAILABLE when its server is away.
 */
export async function openKeyStore(url: string, options: KeyStoreOptions = {}): Promise<KeyStore> {
  const open = engines.get(/^([a-z]+)(\+srv)?:/.exec(url)?.[1] ?? '');
  if (!open) throw invalid(`it must begin with ${[...engines.keys()].join(': or ')}:`);
  return open(url, options);
}

/** Repeats no part of the URL: it may hold a password. */
function invalid(reason: string): AppError {
  return new AppError('CONFIG_INVALID', {
    safeMessage: `Cannot start: KEY_STORE_URL is invalid: ${reason}.`,
  });
}
