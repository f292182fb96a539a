import { createHash, hash, randomBytes } from 'node:crypto';
import { base32Of, newId, Redacted } from '#libs/kernel';
import { constantTimeEqual, keyedHash } from './keyed-hash';

/*
 * An API key: hklst_ + 26 characters of its id + 52 random ones + 6 of checksum, in Crockford's base 32,
 * lower case. Letters, digits and `_` only: a double click selects it whole, no shell, URL or YAML file
 * needs to quote it. 52 x 5 = 260 random bits; characters are drawn and hashed as text, never decoded, so no
 * two texts are one key.
 */
const SECRET_LENGTH = 52;
const CHECKSUM_LENGTH = 6;
const CHARACTER = '[0-9a-hjkmnp-tv-z]';
const API_KEY = new RegExp(`^hklst_(${CHARACTER}{26})${CHARACTER}{${SECRET_LENGTH + CHECKSUM_LENGTH}}$`);
const HASH_LABEL = 'sv/v1/api-key';
/** The hash of no key that anybody will ever find. */
const NO_HASH = '00'.repeat(32);

/** A well-formed key; whether it is anybody's key is another question. */
export interface ApiKey {
  /** `key_…`, not secret. */
  readonly id: string;
  readonly text: Redacted<string>;
}

export function newApiKey(now: Date): ApiKey {
  return apiKeyFrom(newId('key', now), randomBytes(SECRET_LENGTH));
}

/** The key that belongs to an id and 52 bytes that nobody can guess. */
export function apiKeyFrom(id: string, secret: Uint8Array): ApiKey {
  if (secret.length !== SECRET_LENGTH) throw new RangeError('An API key is made of 52 bytes');
  const body = `hklst_${id.slice('key_'.length)}${base32Of(secret)}`;
  return { id, text: new Redacted(body + checksum(body)) };
}

/** Total: null for any text that is not a key, down to one wrong character, without asking a store. */
export function parseApiKey(text: Redacted<string>): ApiKey | null {
  const candidate = text.expose();
  const body = candidate.slice(0, -CHECKSUM_LENGTH);
  const match = API_KEY.exec(candidate);
  return match && candidate === body + checksum(body) ? { id: `key_${match[1]}`, text } : null;
}

/**
 * What is stored of a key: 64 hexadecimal digits. A fast hash is right for 260 random bits, there is nothing
 * to guess; the pepper, kept in another store, makes a stolen hash worthless even for recognising a key.
 */
export function hashApiKey(pepper: Uint8Array, key: ApiKey): string {
  return keyedHash(pepper, HASH_LABEL, key.text.expose()).toString('hex');
}

/**
 * Recognises a key that this process has verified before, in a fifth of the time. Kept in memory only; nobody
 * finds another text with the digest of a key, and 260 random bits cannot be guessed from theirs.
 */
export function digestApiKey(text: Redacted<string>): string {
  return hash('sha256', text.expose(), 'base64');
}

/** Without a hash, for an id nobody has, it is false after the same work: time does not tell which ids exist. */
export function verifyApiKey(pepper: Uint8Array, key: ApiKey, hash: string | undefined): boolean {
  const given = Buffer.from(hashApiKey(pepper, key), 'hex');
  return constantTimeEqual(given, Buffer.from(hash ?? NO_HASH, 'hex'));
}

/** 30 bits, against typing errors and false alarms of scanners; security rests on the 260 alone. */
function checksum(body: string): string {
  return base32Of(createHash('sha256').update(body).digest().subarray(0, CHECKSUM_LENGTH));
}
