import { rmSync, writeFileSync } from 'node:fs';
import { configInvalid } from '#libs/kernel';

/** scripts/healthy.mjs takes a file of three such intervals for a process that hangs. */
const INTERVAL_MS = 5_000;

/**
 * Writes the time to a file every five seconds for as long as this process is able to do anything at all. Call it when
 * the process can serve: until then there is no file. Fails with CONFIG_INVALID when it cannot be written.
 */
export function keepHealthFile(file: string | undefined): void {
  if (file === undefined) return;
  const write = () => writeFileSync(file, `${new Date().toISOString()}\n`);
  try {
    write();
  } catch (cause) {
    throw configInvalid('HEALTH_FILE', 'must name a file that can be written', cause);
  }
  // A disk that is full now says nothing about the next time; the age of the file does.
  setInterval(() => quietly(write), INTERVAL_MS).unref();
  process.once('exit', () => quietly(() => rmSync(file, { force: true })));
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // Said above.
  }
}
