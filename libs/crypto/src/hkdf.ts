import { HASH_BYTES, hmacSha256, writeHmacSha256 } from './hmac-sha256';

interface HkdfInput {
  /** At least 32 uniformly random bytes. HKDF does not make a guessable key safe. */
  readonly key: Uint8Array;
  /** Need not be secret. Another salt gives another output. */
  readonly salt: Uint8Array;
  /** Names the purpose of the output. */
  readonly info: string;
  /** Output length, 1 to 64. */
  readonly bytes: number;
}

/**
 * HKDF-SHA-256 (RFC 5869), limited to two output blocks. Not `hkdfSync` of Node, because it takes twice as long, and
 * this runs for every value that is read.
 */
export function hkdfSha256({ key, salt, info, bytes }: HkdfInput): Buffer {
  const pseudorandomKey = hmacSha256(salt, key);
  const label = Buffer.from(info);
  const output = Buffer.alloc(2 * HASH_BYTES);
  writeHmacSha256(output, pseudorandomKey, label, FIRST);
  if (bytes > HASH_BYTES) {
    const first = output.subarray(0, HASH_BYTES);
    writeHmacSha256(output.subarray(HASH_BYTES), pseudorandomKey, first, label, SECOND);
  }
  pseudorandomKey.fill(0);
  return output.subarray(0, bytes);
}

/** The counters of the output blocks. */
const FIRST = Uint8Array.of(1);
const SECOND = Uint8Array.of(2);
