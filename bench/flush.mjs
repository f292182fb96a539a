import { closeSync, fdatasyncSync, openSync, unlinkSync, writeSync } from 'node:fs';
import path from 'node:path';

const FLUSHES = 1_000;
/** The bytes written before each flush: about as many as an append of one event adds to SQLite's write-ahead log. */
const BYTES = 12 * 1024;

/** Measures how long the disk takes to make a small write durable, in ms. No write is acknowledged sooner. */
export function flushTimes(folder) {
  const file = path.join(folder, 'flush');
  const fd = openSync(file, 'w', 0o600);
  const content = Buffer.alloc(BYTES, 1);
  const times = Array.from({ length: FLUSHES }, (_, index) => {
    const began = performance.now();
    writeSync(fd, content, 0, BYTES, index * BYTES);
    fdatasyncSync(fd);
    return performance.now() - began;
  }).sort((a, b) => a - b);
  closeSync(fd);
  unlinkSync(file);
  const at = (share) => times[Math.floor(share * FLUSHES)];
  return { p50Ms: at(0.5), p99Ms: at(0.99) };
}
