import { randomBytes } from 'node:crypto';
import { keyedHash } from '#libs/crypto';
import { Redacted } from '#libs/kernel';

const TOKEN_BYTES = 32;
/** 32 bytes in base64url, without padding. */
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** Gives 256 random bits as 43 characters that need no quoting in a cookie or a URL. */
export function newOpaqueToken(): Redacted<string> {
  return opaqueToken(randomBytes(TOKEN_BYTES));
}

/** Makes a token of 32 secret random bytes. */
export function opaqueToken(secret: Uint8Array): Redacted<string> {
  if (secret.length !== TOKEN_BYTES) throw new RangeError('A token is made of 32 bytes');
  return new Redacted(Buffer.from(secret).toString('base64url'));
}

/** Tells whether a text has the form of a token, without asking a store. */
export function isOpaqueToken(text: Redacted<string>): boolean {
  return TOKEN.test(text.expose());
}

/**
 * Gives the hash that is stored of a token: 64 hexadecimal digits. It is fast and keyed, for the reasons given at
 * `hashApiKey`. `purpose` keeps a token of one kind from being accepted as another.
 */
export function hashOpaqueToken(
  pepper: Uint8Array,
  purpose: 'session' | 'sign-up',
  token: Redacted<string>,
): string {
  return keyedHash(pepper, `sv/v1/token/${purpose}`, token.expose()).toString('hex');
}
