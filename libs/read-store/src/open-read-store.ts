import { isAbsolute } from 'node:path';
import { AppError } from '#libs/kernel';
import type { ReadStore } from './read-store';
import { openSqliteReadStore } from './sqlite/sqlite-read-store';

/** Engines by scheme. One whose driver is large is imported here, when it is chosen, and not before. */
const engines: Readonly<Record<string, (url: string) => Promise<ReadStore>>> = {
  sqlite: (url) => openSqliteReadStore({ file: url.slice('sqlite:'.length) }),
};

/** Opens `sqlite:/absolute/path`. Fails with CONFIG_INVALID for any other URL. */
export async function openReadStore(url: string): Promise<ReadStore> {
  const [scheme = '', rest = ''] = url.split(/:(.*)/s);
  const open = Object.hasOwn(engines, scheme) ? engines[scheme] : undefined;
  if (!open || (scheme === 'sqlite' && !isAbsolute(rest))) {
    const safeMessage = 'Cannot start: READ_STORE_URL must be sqlite: and an absolute path.';
    throw new AppError('CONFIG_INVALID', { safeMessage });
  }
  return open(url);
}
