import { hash } from 'node:crypto';
import { base32Encode } from './base32';
import { publicRandomBytes } from './random-pool';

/** The prefixes of ids, one for each type (REST contract, ground rules). */
export type IdPrefix = 'sec' | 'key' | 'org' | 'usr' | 'mem' | 'inv' | 'ses';

const ID_BODY = /^[0-9a-hjkmnp-tv-z]{26}$/;

/** Gives 16 bytes: 48 bits of time, so that later ones sort after earlier ones, and 80 random bits. */
export function timedBytes(now: Date): Buffer {
  const bytes = publicRandomBytes(16);
  bytes.writeUIntBE(now.getTime(), 0, 6);
  return bytes;
}

/** Makes an id such as `sec_01j…` from `timedBytes`. Ids sort by age, so new ones are neighbours in an index. */
export function newId(prefix: IdPrefix, now: Date): string {
  return `${prefix}_${base32Encode(timedBytes(now))}`;
}

/** Derives an id from a command's id: a repeated command gets the same id, so it creates nothing twice (ADR 6). */
export function idFromCommand(prefix: IdPrefix, commandId: string): string {
  return `${prefix}_${base32Encode(Buffer.from(commandId.replaceAll('-', ''), 'hex'))}`;
}

/** True when `text` is an id with this prefix. */
export function isId(prefix: IdPrefix, text: string): boolean {
  return text.startsWith(`${prefix}_`) && ID_BODY.test(text.slice(prefix.length + 1));
}

/** Makes a command id: a UUIDv7, so that ids made from it sort by age. */
export function newCommandId(now: Date): string {
  return uuidText(timedBytes(now).toString('hex'), 7);
}

/** Gives a UUID version 5 (RFC 9562) in our namespace. Parts are length-prefixed, so no two lists of parts collide. */
export function uuidV5(...parts: readonly (string | number)[]): string {
  let text = '';
  for (const part of parts) text += `${String(part).length}:${part}`;
  const input = Buffer.allocUnsafe(NAMESPACE.length + Buffer.byteLength(text));
  input.set(NAMESPACE);
  input.write(text, NAMESPACE.length);
  // `hash` is one call into OpenSSL and makes no Buffer of the result. Every event gets its id here.
  return uuidText(hash('sha1', input, 'hex'), 5);
}

/** Formats the first 32 of these hexadecimal digits as a UUID, with its version and its variant. */
function uuidText(hex: string, version: number): string {
  const variant = VARIANT_DIGITS.charAt(parseInt(hex.charAt(16), 16) & 3);
  return (
    `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${version}${hex.slice(13, 16)}-` +
    `${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
  );
}

/** The digits whose upper two bits are 10: the variant of RFC 9562. */
const VARIANT_DIGITS = '89ab';

// A random UUID, drawn for this product. It must never change, because event ids are derived from it.
const NAMESPACE = Buffer.from('6f1d3f0c5e8b4a7c9c2d8a54b1e07d36', 'hex');
