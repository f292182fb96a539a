import { AppError, isAppError } from '#libs/kernel';

/** Says in plain words why a file cannot be opened, and what to do about it. */
export function startError(file: string, error: unknown): AppError {
  // A worker's failure arrives wrapped; SQLite's own words are in the cause.
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
  return new AppError('DATA_DIR_UNUSABLE', { safeMessage: `${file} cannot be opened: ${message}.`, cause });
}
