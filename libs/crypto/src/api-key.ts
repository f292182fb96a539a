import { createHash, hash, randomBytes } from 'node:crypto';
import { base32Of, newId, Redacted } from '#libs/kernel';
import { constantTimeEqual, keyedHash } from './keyed-hash';

/*
 * An API key: hklst_ + 26 characters of its id + 52 random ones + 6 of checksum, in Crockford's base 32, lower case. It
 * has only letters, digits and `_`: a double click selects the whole key, and no shell, URL or YAML file needs quotes
 * around it. The random part has 52 x 5 = 260 bits. It is drawn and hashed as text and never decoded, so two different
 * texts are never the same key.
 */
const SECRET_LENGTH = 52;
const CHECKSUM_LENGTH = 6;
const CHARACTER = '[0-9a-hjkmnp-tv-z]';
const API_KEY = new RegExp(`^hklst_(${CHARACTER}{26})${CHARACTER}{${SECRET_LENGTH + CHECKSUM_LENGTH}}$`);
const HASH_LABEL = 'sv/v1/api-key';
/** Stands in for a missing hash. Nobody can find a key that has this hash. */
const NO_HASH = '00'.repeat(32);

/** A well-formed key. It may be one that was never issued. */
export interface ApiKey {
  /** `key_…`, not secret. */
  readonly id: string;
  readonly text: Redacted<string>;
}

export function newApiKey(now: Date): ApiKey {
  return apiKeyFrom(newId('key', now), randomBytes(SECRET_LENGTH));
}

/** Makes the key of an id from 52 bytes that nobody can guess. The same input gives the same key. */
export function apiKeyFrom(id: string, secret: Uint8Array): ApiKey {
  if (secret.length !== SECRET_LENGTH) throw new RangeError('An API key is made of 52 bytes');
  const body = `hklst_${id.slice('key_'.length)}${base32Of(secret)}`;
  return { id, text: new Redacted(body + checksum(body)) };
}

/** Gives null for any text that is not a well-formed key: a typing error is found before any store is asked. */
export function parseApiKey(text: Redacted<string>): ApiKey | null {
  const candidate = text.expose();
  const body = candidate.slice(0, -CHECKSUM_LENGTH);
  const match = API_KEY.exec(candidate);
  return match && candidate === body + checksum(body) ? { id: `key_${match[1]}`, text } : null;
}

/**
 * Gives what is stored of a key: 64 hexadecimal digits. A fast hash is enough, because nobody can guess 260 random bits
 * (ADR 9). The pepper is in another store, so a stolen hash cannot even be compared with a key that was found.
 */
export function hashApiKey(pepper: Uint8Array, key: ApiKey): string {
  return keyedHash(pepper, HASH_LABEL, key.text.expose()).toString('hex');
}

/**
 * Gives a digest by which a process recognises a key that it has verified before, in a fifth of the time. Keep it in
 * memory only. Nobody can find another text with this digest, or the key's 260 random bits from it.
 */
export function digestApiKey(text: Redacted<string>): string {
  return hash('sha256', text.expose(), 'base64');
}

/**
 * True when the stored hash is that of the key. Without a hash, for an unknown id, it does the same work and gives
 * false, so the time of an answer does not tell which ids exist.
 */
export function verifyApiKey(pepper: Uint8Array, key: ApiKey, hash: string | undefined): boolean {
  const given = Buffer.from(hashApiKey(pepper, key), 'hex');
  return constantTimeEqual(given, Buffer.from(hash ?? NO_HASH, 'hex'));
}

/** 30 bits that find typing errors and spare secret scanners false alarms. They add nothing to the security. */
function checksum(body: string): string {
  return base32Of(createHash('sha256').update(body).digest().subarray(0, CHECKSUM_LENGTH));
}
