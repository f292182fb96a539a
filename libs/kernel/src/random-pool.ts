import { randomBytes } from 'node:crypto';

const POOL_BYTES = 4_096;
let pool = Buffer.alloc(0);

/**
 * Gives random bytes of the operating system. They are drawn 4,096 at a time, because a call of the generator costs
 * twenty times what a slice costs. Only for bytes that become public, such as ids and nonces: a key is
 * drawn by itself, so that it never shares a buffer.
 */
export function publicRandomBytes(length: number): Buffer {
  if (pool.length < length) pool = randomBytes(Math.max(POOL_BYTES, length));
  const bytes = pool.subarray(0, length);
  pool = pool.subarray(length);
  return bytes;
}
