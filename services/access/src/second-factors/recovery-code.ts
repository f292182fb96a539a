import { randomBytes } from 'node:crypto';
import { keyedHash } from '#libs/crypto';
import { base32Of, Redacted } from '#libs/kernel';

/*
 * A recovery code: 16 characters of Crockford's base 32, in groups of four, because people copy it from paper. Its 80
 * random bits are safe from guessing behind a keyed hash and a limit on attempts.
 */
const CODE_LENGTH = 16;

export function newRecoveryCode(): Redacted<string> {
  return new Redacted(base32Of(randomBytes(CODE_LENGTH)).replaceAll(/(.{4})(?=.)/g, '$1-'));
}

/**
 * Gives the hash that is stored of a code: 64 hexadecimal digits. Case, spacing and look-alike characters do not
 * matter.
 */
export function hashRecoveryCode(pepper: Uint8Array, owner: string, code: Redacted<string>): string {
  const text = code
    .expose()
    .toLowerCase()
    .replaceAll(/[\s-]/g, '')
    .replaceAll('o', '0')
    .replaceAll(/[il]/g, '1');
  return keyedHash(pepper, 'sv/v1/recovery-code', owner, text).toString('hex');
}
