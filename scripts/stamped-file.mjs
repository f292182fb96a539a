import { mkdirSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Writes a file with a time of its own (milliseconds), all or nothing: two builds at once, and a process that starts
 * meanwhile, find whole files.
 */
export function writeStamped(file, contents, time) {
  mkdirSync(path.dirname(file), { recursive: true });
  const part = `${file}.${process.pid}`;
  writeFileSync(part, contents);
  utimesSync(part, time / 1000, time / 1000);
  renameSync(part, file);
}

/** Whole milliseconds: what a file system gives back of a time that was set. 0 when there is no such file. */
export function modified(file) {
  return Math.round(statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0);
}
