import { hash } from 'node:crypto';

const BLOCK_BYTES = 64;
export const HASH_BYTES = 32;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

// Nearly every message fits. Nothing here waits for anything, so a call has both to itself; it wipes what it wrote.
const innerRoom = Buffer.alloc(512);
const outer = Buffer.alloc(BLOCK_BYTES + HASH_BYTES);

/** HMAC-SHA-256 (RFC 2104) over the parts, one after the other: 32 bytes. */
export function hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  const mac = Buffer.alloc(HASH_BYTES);
  writeHmacSha256(mac, key, ...parts);
  return mac;
}

/**
 * The same, into the first 32 bytes of `target`, which may be the key or a part. Written out because each of node's
 * Hmac objects has memory outside the heap, and making and collecting three of them cost more than the hashing, for
 * every value read. A hash is taken as text, a byte to a character: as a Buffer each has such memory too.
 */
export function writeHmacSha256(target: Buffer, key: Uint8Array, ...parts: readonly Uint8Array[]): void {
  const blockKey = key.length > BLOCK_BYTES ? Buffer.from(sha256(key), 'latin1') : key;
  let end = BLOCK_BYTES;
  for (const part of parts) end += part.length;
  const inner = end <= innerRoom.length ? innerRoom.subarray(0, end) : Buffer.alloc(end);
  // By index: an iterator makes an object for each byte.
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
