import { isAbsolute } from 'node:path';
import { AppError } from '#libs/kernel';
import type { KeyStore } from './key-store';
import { openSqliteKeyStore } from './sqlite/sqlite-key-store';

/** Engines by scheme. One that brings a large driver along (mongodb) is imported inside its function. */
const engines = new Map<string, (url: string) => Promise<KeyStore>>([
  [
    'sqlite',
    async (url) => {
      const file = url.slice('sqlite:'.length);
      if (!isAbsolute(file)) throw invalid('sqlite: must be followed by an absolute path');
      return openSqliteKeyStore({ file });
    },
  ],
]);

/** Opens the key store that a URL names, such as `sqlite:/var/lib/hklst/keys.db`. Fails with a `startup` error. */
export async function openKeyStore(url: string): Promise<KeyStore> {
  const open = engines.get(/^([a-z]+):/.exec(url)?.[1] ?? '');
  if (!open) throw invalid(`it must begin with ${[...engines.keys()].join(': or ')}:`);
  return open(url);
}

/** Repeats no part of the URL: it may hold a password. */
function invalid(reason: string): AppError {
  return new AppError('CONFIG_INVALID', {
    safeMessage: `Cannot start: KEY_STORE_URL is invalid: ${reason}.`,
  });
}
