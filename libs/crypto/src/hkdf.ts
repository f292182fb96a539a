import { hmacSha256 } from './hmac-sha256';

const HASH_BYTES = 32;

interface HkdfInput {
  /** At least 32 uniformly random bytes: what HKDF makes of a guessable input stays guessable. */
  readonly key: Uint8Array;
  /** Need not be secret; makes the output differ per use of the key. */
  readonly salt: Uint8Array;
  /** Names what the output is for. */
  readonly info: string;
  /** Output length, 1 to 64. */
  readonly bytes: number;
}

/**
 * HKDF-SHA-256 (RFC 5869), of which no more than two blocks are ever needed. Written out because `hkdfSync`
 * takes half as long again, and this runs for every value read.
 */
export function hkdfSha256({ key, salt, info, bytes }: HkdfInput): Buffer {
  const pseudorandomKey = hmacSha256(salt, key);
  const label = Buffer.from(info);
  const block = (before: Uint8Array, counter: number) =>
    hmacSha256(pseudorandomKey, before, label, Uint8Array.of(counter));
  const first = block(new Uint8Array(0), 1);
  if (bytes <= HASH_BYTES) return first.subarray(0, bytes);
  // Not Buffer.concat: it takes small buffers from a pool that they share with everything else in the process.
  const output = Buffer.alloc(2 * HASH_BYTES);
  output.set(first);
  output.set(block(first, 2), HASH_BYTES);
  return output.subarray(0, bytes);
}
