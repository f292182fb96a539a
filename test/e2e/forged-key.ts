import { createHash } from 'node:crypto';
import { newApiKey } from '#libs/crypto';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const CHECKSUM_LENGTH = 6;

/** Gives a well-formed key whose id does not exist. */
export function unknownKey(): string {
  return newApiKey(new Date()).text.expose();
}

/** Gives a well-formed key with the id of `key` and another secret. */
export function wrongSecretFor(key: string): string {
  const idEnd = 'hklst_'.length + 26;
  return withChecksum(key.slice(0, idEnd) + unknownKey().slice(idEnd, -CHECKSUM_LENGTH));
}

/** Gives the key with another character at one place. `mended` corrects the checksum. */
export function flipped(key: string, at: number, mended = false): string {
  const other = ALPHABET[(ALPHABET.indexOf(key[at] ?? '') + 1) % ALPHABET.length] ?? '';
  const text = key.slice(0, at) + other + key.slice(at + 1);
  return mended ? withChecksum(text.slice(0, -CHECKSUM_LENGTH)) : text;
}

/** The checksum only finds typing errors. An attacker can compute it for a forged key. */
function withChecksum(body: string): string {
  const digest = createHash('sha256').update(body).digest().subarray(0, CHECKSUM_LENGTH);
  return body + Array.from(digest, (byte) => ALPHABET.charAt(byte & 31)).join('');
}
