import { isAbsolute } from 'node:path';
import { AppError } from '#libs/kernel';
import type * as mongoEngine from './mongo/mongo-read-store';
import type { ReadStore } from './read-store';
import type * as sqliteEngine from './sqlite/sqlite-read-store';

export interface ReadStoreOptions {
  /** Default false: a server on the network is talked to under TLS only. */
  readonly allowPlaintext?: boolean | undefined;
}

// Each engine is loaded when it is chosen, so that nobody pays for the others.
const engines = new Map<string, (url: string, options: ReadStoreOptions) => Promise<ReadStore>>([
  [
    'sqlite',
    async (url) => {
      const file = url.slice('sqlite:'.length);
      if (!isAbsolute(file)) throw configInvalid('sqlite: must be followed by an absolute path');
      const engine = require('./sqlite/sqlite-read-store') as typeof sqliteEngine;
      return engine.openSqliteReadStore({ file });
    },
  ],
  [
    'mongodb',
    async (url, options) => {
      const engine = require('./mongo/mongo-read-store') as typeof mongoEngine;
      return engine.openMongoReadStore(url, options);
    },
  ],
]);

/** Opens the read store that the scheme of `url` names. CONFIG_INVALID when there is none of that kind. */
export async function openReadStore(url: string, options: ReadStoreOptions = {}): Promise<ReadStore> {
  const open = engines.get(/^([a-z]+)(\+srv)?:/.exec(url)?.[1] ?? '');
  if (!open) throw configInvalid(`it must begin with ${[...engines.keys()].join(': or ')}:`);
  return open(url, options);
}

function configInvalid(reason: string): AppError {
  return new AppError('CONFIG_INVALID', {
    safeMessage: `Cannot start: READ_STORE_URL is invalid: ${reason}.`,
  });
}
