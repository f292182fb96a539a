import { createCipheriv, createDecipheriv } from 'node:crypto';

// The only file that names a cipher. Callers choose keys, nonces and what is bound; this file makes sure
// that nothing of the wrong size and nothing unverified ever passes.
const CIPHER = 'aes-256-gcm';

export const KEY_BYTES = 32;
/** 96 bits: the one length for which GCM uses the nonce as it is, instead of hashing it first. */
export const NONCE_BYTES = 12;
export const TAG_BYTES = 16;

export interface AeadContext {
  readonly key: Uint8Array;
  /** Never twice with one key: a repetition gives away the XOR of two plaintexts and the power to forge. */
  readonly nonce: Uint8Array;
  /** Authenticated, not encrypted. */
  readonly aad: Uint8Array;
}

/** Gives the ciphertext followed by its tag. */
export function encrypt({ key, nonce, aad }: AeadContext, plaintext: Uint8Array): Buffer {
  if (!hasRightSizes(key, nonce)) throw new RangeError('A key has 32 bytes, a nonce 12');
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(aad);
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** Gives the plaintext of ciphertext and tag, or null: whatever is wrong, the caller learns only that something is. */
export function decrypt({ key, nonce, aad }: AeadContext, sealed: Uint8Array): Buffer | null {
  const ciphertextBytes = sealed.length - TAG_BYTES;
  // Node takes a nonce of any length, and without authTagLength a tag of 4 bytes, which is forged in 2^32 tries.
  if (!hasRightSizes(key, nonce) || ciphertextBytes < 0) return null;
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(aad);
  decipher.setAuthTag(sealed.subarray(ciphertextBytes));
  // GCM decrypts before it has checked: these bytes are anybody's until final() has returned.
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
