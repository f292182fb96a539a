import { timingSafeEqual } from 'node:crypto';
import { hmacSha256 } from './hmac-sha256';
import { lengthPrefixed } from './length-prefixed';

/**
 * Gives the HMAC-SHA-256 of the parts, 32 bytes. The first part names the purpose of the hash, so that one key can
 * serve several purposes and a hash made for one is of no use for another.
 */
export function keyedHash(
  key: Uint8Array,
  ...parts: readonly [label: string, ...(string | number | Uint8Array)[]]
): Buffer {
  return hmacSha256(key, lengthPrefixed(...parts));
}

/** Compares in a time that does not tell where the bytes differ. It may tell the length: all hashes have one size. */
export function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  // timingSafeEqual throws for unequal lengths, and the client would get a 500 instead of a 401.
  return a.length === b.length && timingSafeEqual(a, b);
}
