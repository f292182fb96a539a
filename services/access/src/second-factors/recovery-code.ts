import { randomBytes } from 'node:crypto';
import { keyedHash } from '#libs/crypto';
import { base32Of, Redacted } from '#libs/kernel';

/*
 * A recovery code: 16 characters of Crockford's base 32, in groups of four, because people copy it from paper. 80 random
 * bits behind a limit of attempts and a keyed hash; there is nothing to guess and nothing to compute.
 */
const CODE_LENGTH = 16;

export function newRecoveryCode(): Redacted<string> {
  return new Redacted(base32Of(randomBytes(CODE_LENGTH)).replaceAll(/(.{4})(?=.)/g, '$1-'));
}

/** What is stored of a code: 64 hexadecimal digits, of its characters alone, however they were typed and grouped. */
export function hashRecoveryCode(pepper: Uint8Array, owner: string, code: Redacted<string>): string {
  const text = code
    .expose()
    .toLowerCase()
    .replaceAll(/[\s-]/g, '')
    .replaceAll('o', '0')
    .replaceAll(/[il]/g, '1');
  return keyedHash(pepper, 'sv/v1/recovery-code', owner, text).toString('hex');
}
