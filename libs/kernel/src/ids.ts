import { hash } from 'node:crypto';
import { base32Encode } from './base32';
import { publicRandomBytes } from './random-pool';

/** The types an id can carry in its prefix (REST contract, ground rules). */
export type IdPrefix = 'sec' | 'key' | 'org' | 'usr' | 'mem' | 'inv' | 'ses';

const ID_BODY = /^[0-9a-hjkmnp-tv-z]{26}$/;

/** 16 bytes: 48 bits of time, so that what is made later sorts later, and 80 random bits. */
export function timedBytes(now: Date): Buffer {
  const bytes = publicRandomBytes(16);
  bytes.writeUIntBE(now.getTime(), 0, 6);
  return bytes;
}

/** A new id such as `sec_01j…`, made of `timedBytes`: ids sort by age, and indexes stay local. */
export function newId(prefix: IdPrefix, now: Date): string {
  return `${prefix}_${base32Encode(timedBytes(now))}`;
}

/** The id that belongs to a command: the same command makes the same id, so a retry creates nothing twice. */
export function idFromCommand(prefix: IdPrefix, commandId: string): string {
  return `${prefix}_${base32Encode(uuidBytes(commandId))}`;
}

/** True when `text` is an id with this prefix. */
export function isId(prefix: IdPrefix, text: string): boolean {
  return text.startsWith(`${prefix}_`) && ID_BODY.test(text.slice(prefix.length + 1));
}

/** A new command id: a UUIDv7, so that ids made from it sort by age. */
export function newCommandId(now: Date): string {
  return uuidText(timedBytes(now).toString('hex'), 7);
}

/** RFC 9562 UUID version 5 in our own namespace; parts are length-prefixed, so no two lists collide. */
export function uuidV5(...parts: readonly (string | number)[]): string {
  let text = '';
  for (const part of parts) text += `${String(part).length}:${part}`;
  const input = Buffer.allocUnsafe(NAMESPACE.length + Buffer.byteLength(text));
  input.set(NAMESPACE);
  input.write(text, NAMESPACE.length);
  // One call into OpenSSL, and no Buffer for what it gives; every event gets its id here.
  return uuidText(hash('sha1', input, 'hex'), 5);
}

function uuidBytes(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}

/** The first 32 of these hexadecimal digits, with the version and the variant in their places. */
function uuidText(hex: string, version: number): string {
  const variant = VARIANT_DIGITS.charAt(parseInt(hex.charAt(16), 16) & 3);
  return (
    `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${version}${hex.slice(13, 16)}-` +
    `${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
  );
}

/** Its two upper bits say that RFC 9562 made the rest. */
const VARIANT_DIGITS = '89ab';

// A random UUID drawn once for this product; it must never change, event ids are derived from it.
const NAMESPACE = Buffer.from('6f1d3f0c5e8b4a7c9c2d8a54b1e07d36', 'hex');
