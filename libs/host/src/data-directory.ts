import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { AppError, Redacted } from '#libs/kernel';

/** Makes the data directory with mode 0700 if it is missing. Fails with DATA_DIR_UNUSABLE, which says why. */
export function prepareDataDirectory(directory: string): void {
  try {
    makeFolder(directory);
    if (!statSync(directory).isDirectory()) throw unusable(directory, 'is a file, not a folder');
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const { code = 'unknown' } = cause as NodeJS.ErrnoException;
    throw unusable(directory, reasons[code] ?? `cannot be used (${code})`, cause);
  }
}

/** Makes one level after the other: Node's `recursive` never ends where the file system takes no folder (/proc). */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(path.dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process was faster, or there is a link to nothing, which the caller's `statSync` finds.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'cannot be read and written by this user: chown it',
  ELOOP: 'is a link that leads back to itself',
  ENOENT: 'cannot be made: the place takes no folder, or is a link to nothing',
  ENOSPC: 'cannot be made: the disk is full',
  ENOTDIR: 'lies below a file: part of its path is no folder',
  EPERM: 'cannot be made: its file system takes no folder from this user',
  EROFS: 'lies on a file system that is mounted read-only',
};

function unusable(directory: string, reason: string, cause?: unknown): AppError {
  const safeMessage = `Cannot start: the data directory ${directory} ${reason}. Mend that, or set DATA_DIR to another folder.`;
  return new AppError('DATA_DIR_UNUSABLE', { safeMessage, cause });
}

/** Writes a secret to a new file with mode 0600, and flushes it. Replaces an older file of this name. */
export async function writePrivateFile(file: string, content: Redacted<string>): Promise<void> {
  await rm(file, { force: true });
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(`${content.expose()}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Reads what `writePrivateFile` wrote. After a crash it may be incomplete. Gives null when there is no file. */
export async function readPrivateFile(file: string): Promise<Redacted<string> | null> {
  try {
    return new Redacted((await readFile(file, 'utf8')).trimEnd());
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return null;
  }
}

/** Removes what `writePrivateFile` wrote. Does nothing when there is no file. */
export async function removePrivateFile(file: string): Promise<void> {
  await rm(file, { force: true });
}
