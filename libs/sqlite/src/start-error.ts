import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import path from 'node:path';
import { AppError, isAppError } from '#libs/kernel';

/** Gives the error that says why a file cannot be opened, and what to do about it. */
export function startError(file: string, error: unknown): AppError {
  // A worker's error is wrapped. SQLite's message is in its cause.
  const cause = isAppError(error) && error.cause ? error.cause : error;
  const message = cause instanceof Error ? cause.message : String(cause);
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  if (code.startsWith('SQLITE_BUSY')) {
    const safeMessage = `${file} is in use by another process. Stop that process, or give this one another data directory.`;
    return new AppError('STORE_LOCKED', { safeMessage, cause });
  }
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') {
    const where = message.replaceAll(/\s+/g, ' ');
    const safeMessage = `${file} is damaged: ${where}. Restore it from a backup.`;
    return new AppError('STORE_CORRUPT', { safeMessage, cause });
  }
  const safeMessage = `${file} cannot be opened: ${reasonFor(file, code)}.`;
  return new AppError('DATA_DIR_UNUSABLE', { safeMessage, cause });
}

/** Asks the file system, because SQLite says little more than that it failed. Opens no file, as in `keepPrivate`. */
function reasonFor(file: string, code: string): string {
  const folder = path.dirname(file);
  if (!existsSync(folder)) return `the folder ${folder} does not exist, or cannot be read by this user`;
  for (const used of [folder, file, `${file}.lock`, `${file}-wal`, `${file}-shm`]) {
    const reason = refusalOf(used);
    if (reason !== undefined) return reason;
  }
  if (code === 'SQLITE_FULL' || isFull(folder)) return 'the disk is full. Free some space, then start again';
  return `SQLite fails with ${code || 'an unknown error'}. See that the disk has space and works, and that this user may open enough files`;
}

function refusalOf(used: string): string | undefined {
  try {
    accessSync(used, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'EROFS') return `${used} lies on a file system that is mounted read-only`;
    return `this user may not read and write ${used}. chown it to them, with all that lies beside it`;
  }
}

function isFull(folder: string): boolean {
  try {
    return statfsSync(folder).bavail === 0;
  } catch {
    return false;
  }
}
