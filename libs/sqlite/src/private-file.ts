import { chmodSync, closeSync, openSync } from 'node:fs';

const OWNER_ONLY = 0o600;

/**
 * Makes `file` readable and writable by its owner only, and creates it if it is missing. Files that SQLite creates
 * beside it get the same mode. It opens no existing file, because closing that would drop this process's locks on it.
 */
export function keepPrivate(file: string): void {
  try {
    closeSync(openSync(file, 'wx', OWNER_ONLY));
  } catch {
    // The file exists or cannot be created. In the second case SQLite gives the reason.
  }
  for (const path of [file, `${file}-wal`, `${file}-shm`]) {
    try {
      chmodSync(path, OWNER_ONLY);
    } catch {
      // There is no such file, or it belongs to another user, who chooses its mode. If we may not use it, opening it
      // fails.
    }
  }
}
