import { accessSync, constants, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Setting } from '#libs/kernel';

/** scripts/healthy.mjs says that a process hangs when its file is older than three such intervals. */
const INTERVAL_MS = 5_000;

/** A file in a folder that this process can write to. */
export const healthFileSetting: Setting<string | undefined> = (value) => {
  try {
    if (value !== undefined) accessSync(path.dirname(path.resolve(value)), constants.W_OK | constants.X_OK);
    return value;
  } catch {
    throw new Error('must name a file in a folder that can be written to');
  }
};

/**
 * Writes the time to a file every five seconds, as long as the event loop runs. Call it when the process can serve:
 * until then there is no file. Without a name it does nothing.
 */
export function keepHealthFile(file: string | undefined): void {
  if (file === undefined) return;
  // A failed write, as on a full disk, is ignored: the next one may work, and the age of the file tells if none does.
  const write = () => quietly(() => writeFileSync(file, `${new Date().toISOString()}\n`));
  write();
  setInterval(write, INTERVAL_MS).unref();
  process.once('exit', () => quietly(() => rmSync(file, { force: true })));
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // Ignored on purpose: see `keepHealthFile`.
  }
}
