import { randomBytes } from 'node:crypto';

const POOL_BYTES = 4_096;
let pool = Buffer.alloc(0);

/**
 * Random bytes of the operating system, up to a page, drawn a page at a time: a call into the generator costs
 * twenty times what a slice does. For what is public once used, such as ids and nonces; a key is drawn by
 * itself, so that it never lies in a buffer with others.
 */
export function publicRandomBytes(length: number): Buffer {
  if (pool.length < length) pool = randomBytes(POOL_BYTES);
  const bytes = pool.subarray(0, length);
  pool = pool.subarray(length);
  return bytes;
}
