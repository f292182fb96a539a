import { hkdfSha256 } from './hkdf';

const HEX = /^[0-9a-fA-F]{64}$/;
const BASE64 = /^[A-Za-z0-9+/]{43}=$/;
const FINGERPRINT_LABEL = 'sv/v1/root-key-fingerprint';
const FINGERPRINT_BYTES = 16;
/** Most samples have fewer distinct bytes than this. Of random keys, fewer than one in 10^16 has. */
const DISTINCT_BYTES_MIN = 16;

/**
 * Reads a root key from text: 64 hexadecimal digits or 44 characters of base64, with white space around it. The two
 * differ in length, so no text is valid as both. Gives null for anything else.
 */
export function parseRootKey(text: string): Buffer | null {
  const trimmed = text.trim();
  if (!HEX.test(trimmed) && !BASE64.test(trimmed)) return null;
  return Buffer.from(trimmed, HEX.test(trimmed) ? 'hex' : 'base64');
}

/** True for a key that was not drawn at random, and that others know, such as all zeros or 000102…1f. */
export function isSampleRootKey(key: Buffer): boolean {
  return new Set(key).size < DISTINCT_BYTES_MIN || isEvenlySpaced(key);
}

/** True when all bytes count up or down by one step modulo 256, as in a sample: fewer than one random key in 10^70. */
function isEvenlySpaced(key: Buffer): boolean {
  const step = (at: number) => (key.readUInt8(at + 1) - key.readUInt8(at)) & 0xff;
  return Array.from({ length: key.length - 1 }, (_, at) => step(at)).every((one) => one === step(0));
}

/** Gives the text that `parseRootKey` reads. */
export function formatRootKey(key: Uint8Array): string {
  return Buffer.from(key).toString('hex');
}

/**
 * Gives a name of a root key that reveals nothing about it: 32 hexadecimal digits, an output of HKDF under its own
 * label. With 128 bits, two root keys do not share a name by chance.
 */
export function rootKeyFingerprint(key: Uint8Array): string {
  const salt = new Uint8Array(0);
  return hkdfSha256({ key, salt, info: FINGERPRINT_LABEL, bytes: FINGERPRINT_BYTES }).toString('hex');
}
