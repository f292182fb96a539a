import { chmodSync, closeSync, existsSync, openSync } from 'node:fs';

const OWNER_ONLY = 0o600;

/**
 * Makes `file` readable and writable by its owner alone, and makes it if need be; what SQLite puts beside it later
 * takes its mode. Opens nothing that is there: closing it again would drop the locks that this process has on it.
 */
export function keepPrivate(file: string): void {
  try {
    closeSync(openSync(file, 'wx', OWNER_ONLY));
  } catch {
    // It is there, or cannot be made; then SQLite says why, in its own words.
  }
  for (const path of [file, `${file}-wal`, `${file}-shm`]) if (existsSync(path)) restrict(path);
}

function restrict(path: string): void {
  try {
    chmodSync(path, OWNER_ONLY);
  } catch {
    // The file is somebody else's, whose choice its mode is; whether we may use it shows when it is opened.
  }
}
