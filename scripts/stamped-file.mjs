import { mkdirSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Writes a file with the given modification time (milliseconds) atomically, so that a parallel build, or a process that
 * starts meanwhile, never sees half a file.
 */
export function writeStamped(file, contents, time) {
  mkdirSync(path.dirname(file), { recursive: true });
  const part = `${file}.${process.pid}`;
  writeFileSync(part, contents);
  utimesSync(part, time / 1000, time / 1000);
  renameSync(part, file);
}

/**
 * Gives the modification time in whole milliseconds, which a file system stores without loss; 0 without such a file.
 */
export function modified(file) {
  return Math.round(statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
}
