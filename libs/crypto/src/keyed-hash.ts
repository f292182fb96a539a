import { timingSafeEqual } from 'node:crypto';
import { hmacSha256 } from './hmac-sha256';
import { lengthPrefixed } from './length-prefixed';

/**
 * HMAC-SHA-256 over the parts, 32 bytes. The first part names what the hash is for, so that one key can
 * serve several purposes without one's hashes being of use to another.
 */
export function keyedHash(
  key: Uint8Array,
  ...parts: readonly [label: string, ...(string | number | Uint8Array)[]]
): Buffer {
  return hmacSha256(key, lengthPrefixed(...parts));
}

/** Compares without telling where two byte strings differ. Their lengths are not a secret: hashes have one size. */
export function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  // timingSafeEqual throws on unequal lengths, and a throw in the wrong place answers 500 instead of 401.
  return a.length === b.length && timingSafeEqual(a, b);
}
