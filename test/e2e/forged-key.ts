import { createHash } from 'node:crypto';
import { newApiKey } from '#libs/crypto';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const CHECKSUM_LENGTH = 6;

/** A well-formed key whose id nobody has. */
export function unknownKey(): string {
  return newApiKey(new Date()).text.expose();
}

/** A well-formed key with the id of another, but not its secret. */
export function wrongSecretFor(key: string): string {
  const idEnd = 'hklst_'.length + 26;
  return withChecksum(key.slice(0, idEnd) + unknownKey().slice(idEnd, -CHECKSUM_LENGTH));
}

/** The same with another character at one place; `mended` gives it the checksum that fits. */
export function flipped(key: string, at: number, mended = false): string {
  const other = ALPHABET[(ALPHABET.indexOf(key[at] ?? '') + 1) % ALPHABET.length] ?? '';
  const text = key.slice(0, at) + other + key.slice(at + 1);
  return mended ? withChecksum(text.slice(0, -CHECKSUM_LENGTH)) : text;
}

/** The checksum keeps out typing errors only: whoever forges a key makes a right one. */
function withChecksum(body: string): string {
  const digest = createHash('sha256').update(body).digest().subarray(0, CHECKSUM_LENGTH);
  return body + Array.from(digest, (byte) => ALPHABET.charAt(byte & 31)).join('');
}
