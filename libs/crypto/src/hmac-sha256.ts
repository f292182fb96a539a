import { hash } from 'node:crypto';

const BLOCK_BYTES = 64;
export const HASH_BYTES = 32;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

// Buffers that all calls share. Calls are synchronous, so they cannot overlap, and each wipes what it wrote. Nearly
// every message fits into `innerRoom`.
const innerRoom = Buffer.alloc(512);
const outer = Buffer.alloc(BLOCK_BYTES + HASH_BYTES);

/** Gives the HMAC-SHA-256 (RFC 2104) of the concatenated parts: 32 bytes. */
export function hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  const mac = Buffer.alloc(HASH_BYTES);
  writeHmacSha256(mac, key, ...parts);
  return mac;
}

/**
 * The same, into the first 32 bytes of `target`, which may be the key or a part. Not Node's Hmac, because each such
 * object has memory outside the heap, and making and collecting three of them for every value that is read costs more
 * than the hashing. A hash is taken as latin1 text, because a Buffer has such memory too.
 */
export function writeHmacSha256(target: Buffer, key: Uint8Array, ...parts: readonly Uint8Array[]): void {
  const blockKey = key.length > BLOCK_BYTES ? Buffer.from(sha256(key), 'latin1') : key;
  let end = BLOCK_BYTES;
  for (const part of parts) end += part.length;
  const inner = end <= innerRoom.length ? innerRoom.subarray(0, end) : Buffer.alloc(end);
  // A loop by index, because an iterator makes an object for each byte.
  for (let index = 0; index < BLOCK_BYTES; index += 1) {
    const byte = blockKey[index] ?? 0;
    inner[index] = byte ^ INNER_PAD;
    outer[index] = byte ^ OUTER_PAD;
  }
  let at = BLOCK_BYTES;
  for (const part of parts) {
    inner.set(part, at);
    at += part.length;
  }
  outer.write(sha256(inner), BLOCK_BYTES, 'latin1');
  target.write(sha256(outer), 0, 'latin1');
  inner.fill(0);
  outer.fill(0);
}

function sha256(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'binary');
}
