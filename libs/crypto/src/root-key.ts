import { hkdfSha256 } from './hkdf';

const HEX = /^[0-9a-fA-F]{64}$/;
const BASE64 = /^[A-Za-z0-9+/]{43}=$/;
const FINGERPRINT_LABEL = 'sv/v1/root-key-fingerprint';
const FINGERPRINT_BYTES = 16;
/** 32 random bytes have fewer distinct values than this less than once in 10^16 keys; most placeholders have fewer. */
const DISTINCT_BYTES_MIN = 16;

/**
 * Reads a root key from text: 64 hexadecimal digits or 44 characters of base64, white space around it allowed.
 * The two differ in length, so no text means both. Null for anything else, and for placeholders such as all zeros or
 * 000102…1f.
 */
export function parseRootKey(text: string): Buffer | null {
  const trimmed = text.trim();
  if (!HEX.test(trimmed) && !BASE64.test(trimmed)) return null;
  const key = Buffer.from(trimmed, HEX.test(trimmed) ? 'hex' : 'base64');
  return new Set(key).size < DISTINCT_BYTES_MIN || isEvenlySpaced(key) ? null : key;
}

/** Bytes that count up or down, all by one step modulo 256, are a sample's. Random ones do so less than once in 10^70 keys. */
function isEvenlySpaced(key: Buffer): boolean {
  const step = (at: number) => (key.readUInt8(at + 1) - key.readUInt8(at)) & 0xff;
  return Array.from({ length: key.length - 1 }, (_, at) => step(at)).every((one) => one === step(0));
}

/** The text that `parseRootKey` reads. */
export function formatRootKey(key: Uint8Array): string {
  return Buffer.from(key).toString('hex');
}

/**
 * Names a root key without telling anything about it: 32 hexadecimal digits, an output of HKDF under a label
 * of its own. 128 bits: two root keys do not share one by chance.
 */
export function rootKeyFingerprint(key: Uint8Array): string {
  const salt = new Uint8Array(0);
  return hkdfSha256({ key, salt, info: FINGERPRINT_LABEL, bytes: FINGERPRINT_BYTES }).toString('hex');
}
