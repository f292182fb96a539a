import { accessSync, constants, mkdirSync } from 'node:fs';
import { open, readFile, rm } from 'node:fs/promises';
import { AppError, Redacted } from '#libs/kernel';

/** Makes the data directory, for its owner alone, unless it is there. Fails with DATA_DIR_UNUSABLE. */
export function prepareDataDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    const safeMessage = `Cannot start: the data directory ${directory} is not writable. Make it so, or set DATA_DIR to another.`;
    throw new AppError('DATA_DIR_UNUSABLE', { safeMessage, cause });
  }
}

/** Writes a secret for its owner's eyes, mode 0600, flushed; whatever was there under this name is replaced. */
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

/** What `writePrivateFile` wrote, as far as it came; null when nothing is there. */
export async function readPrivateFile(file: string): Promise<Redacted<string> | null> {
  try {
    return new Redacted((await readFile(file, 'utf8')).trimEnd());
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return null;
  }
}

/** Removes what `writePrivateFile` wrote; nothing there is no failure. */
export async function removePrivateFile(file: string): Promise<void> {
  await rm(file, { force: true });
}
