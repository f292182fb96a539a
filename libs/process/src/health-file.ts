import { accessSync, constants, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Setting } from '#libs/kernel';

/** scripts/healthy.mjs takes a file of three such intervals for a process that hangs. */
const INTERVAL_MS = 5_000;

/** A file that can be written. */
export const healthFileSetting: Setting<string | undefined> = (value) => {
  try {
    if (value !== undefined) accessSync(path.dirname(path.resolve(value)), constants.W_OK | constants.X_OK);
    return value;
  } catch {
    throw new Error('must name a file in a folder that can be written to');
  }
};

/**
 * Writes the time to a file every five seconds for as long as this process is able to do anything at all. Call it when
 * the process can serve: until then there is no file.
 */
export function keepHealthFile(file: string | undefined): void {
  if (file === undefined) return;
  // A disk that is full says nothing about the next time; the age of the file does.
  const write = () => quietly(() => writeFileSync(file, `${new Date().toISOString()}\n`));
  write();
  setInterval(write, INTERVAL_MS).unref();
  process.once('exit', () => quietly(() => rmSync(file, { force: true })));
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // Said above.
  }
}
