import { hash } from 'node:crypto';

const BLOCK_BYTES = 64;
const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;

/**
 * HMAC-SHA-256 (RFC 2104) over the parts, one after the other: 32 bytes. Written out because each of node's Hmac
 * objects has memory outside the heap, and making and collecting three of them cost more than the hashing, for every
 * value read.
 */
export function hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  const blockKey = key.length > BLOCK_BYTES ? sha256(key) : key;
  const inner = keyed(blockKey, INNER_PAD, parts);
  const outer = keyed(blockKey, OUTER_PAD, [sha256(inner)]);
  const mac = sha256(outer);
  inner.fill(0);
  outer.fill(0);
  return mac;
}

/** A block of the key under the pad, then the parts. */
function keyed(key: Uint8Array, pad: number, parts: readonly Uint8Array[]): Buffer {
  let at = BLOCK_BYTES;
  for (const part of parts) at += part.length;
  const bytes = Buffer.allocUnsafe(at);
  bytes.fill(0, key.length, BLOCK_BYTES).set(key);
  // By index: an iterator makes an object for each byte, which made 17 KB of garbage for every value read.
  for (let index = 0; index < BLOCK_BYTES; index += 1) bytes[index] = (bytes[index] ?? 0) ^ pad;
  at = BLOCK_BYTES;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function sha256(bytes: Uint8Array): Buffer {
  return hash('sha256', bytes, 'buffer');
}
