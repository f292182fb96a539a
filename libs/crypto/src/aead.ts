import { createCipheriv, createDecipheriv } from 'node:crypto';

// The only file that names a cipher. Callers choose the key, the nonce and the additional data. This file refuses a key
// or nonce of the wrong size, and gives out no plaintext whose tag it has not verified.
const CIPHER = 'aes-256-gcm';

export const KEY_BYTES = 32;
/** 96 bits: the only length of a nonce that GCM uses directly. It hashes any other length first. */
export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;

export interface AeadContext {
  readonly key: Uint8Array;
  /** Must never be used twice with one key: an attacker could learn the XOR of two plaintexts, and forge messages. */
  readonly nonce: Uint8Array;
  /** Additional data: authenticated, not encrypted. */
  readonly aad: Uint8Array;
}

/** Gives the ciphertext followed by its tag. Throws a RangeError for a key or nonce of the wrong size. */
export function encrypt({ key, nonce, aad }: AeadContext, plaintext: Uint8Array): Buffer {
  if (!hasRightSizes(key, nonce)) throw new RangeError('A key has 32 bytes, a nonce 12');
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(aad);
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** Gives the plaintext of ciphertext and tag, or null, which does not tell an attacker what is wrong. */
export function decrypt({ key, nonce, aad }: AeadContext, sealed: Uint8Array): Buffer | null {
  const ciphertextBytes = sealed.length - TAG_BYTES;
  // Node accepts a nonce of any length, and without authTagLength a tag of 4 bytes, which is forged in 2^32 tries.
  if (!hasRightSizes(key, nonce) || ciphertextBytes < 0) return null;
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(aad);
  decipher.setAuthTag(sealed.subarray(ciphertextBytes));
  // GCM decrypts before it verifies the tag, so these bytes may be an attacker's until final() has returned.
  const unverified = decipher.update(sealed.subarray(0, ciphertextBytes));
  try {
    decipher.final();
  } catch {
    unverified.fill(0);
    return null;
  }
  return unverified;
}

function hasRightSizes(key: Uint8Array, nonce: Uint8Array): boolean {
  return key.length === KEY_BYTES && nonce.length === NONCE_BYTES;
}
