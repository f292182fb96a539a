import { randomBytes } from 'node:crypto';
import { keyedHash } from '#libs/crypto';
import { Redacted } from '#libs/kernel';

const TOKEN_BYTES = 32;
/** 32 bytes in base64url, without padding. */
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** 256 random bits as 43 characters that neither a cookie nor a URL needs to quote. */
export function newOpaqueToken(): Redacted<string> {
  return opaqueToken(randomBytes(TOKEN_BYTES));
}

/** The token that is made of 32 bytes which nobody can guess. */
export function opaqueToken(secret: Uint8Array): Redacted<string> {
  if (secret.length !== TOKEN_BYTES) throw new RangeError('A token is made of 32 bytes');
  return new Redacted(Buffer.from(secret).toString('base64url'));
}

/** False for any text that is no token, without asking a store. */
export function isOpaqueToken(text: Redacted<string>): boolean {
  return TOKEN.test(text.expose());
}

/**
 * What is stored of a token: 64 hexadecimal digits. Fast and keyed, for the reasons of `hashApiKey`. `purpose` names what
 * the token is for: a token of one kind is no token of another.
 */
export function hashOpaqueToken(
  pepper: Uint8Array,
  purpose: 'session' | 'sign-up',
  token: Redacted<string>,
): string {
  return keyedHash(pepper, `sv/v1/token/${purpose}`, token.expose()).toString('hex');
}
