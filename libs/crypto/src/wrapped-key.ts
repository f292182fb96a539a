import { randomBytes } from 'node:crypto';
import { AppError, publicRandomBytes } from '#libs/kernel';
import { decrypt, encrypt, KEY_BYTES, NONCE_BYTES, TAG_BYTES } from './aead';
import { lengthPrefixed } from './length-prefixed';

/*
 * Wrapped key v1. The format must never change, because stored keys must stay readable.
 *
 *   "SK" | version 01 | suite 01 | nonce 12 | ciphertext 32 | tag 16
 *   '------ header, 16 bytes -------'
 *
 * The limit of random nonces. One parent key wraps many keys, each under a random nonce of 96 bits. After 2^32 wraps
 * the chance that two nonces are equal is 2^-33 (NIST SP 800-38D, 8.3 allows as many). The root key wraps one key per
 * organization and stays far below. An organization's key wraps one key per version written: at 8,000 writes a second,
 * all in one organization, that takes six days and more than a terabyte of key store, and each new generation of the
 * key starts from zero. A wrapped key needs no commitment, because a parent is chosen by its id, and all parents are
 * keys that we made.
 */
const FORMAT = Uint8Array.of(0x53, 0x4b, 0x01, 0x01);
const HEADER_BYTES = FORMAT.length + NONCE_BYTES;
const WRAPPED_BYTES = HEADER_BYTES + KEY_BYTES + TAG_BYTES;
const KEY_LABEL = 'sv/v1/key';

/** What a key is for, and whose. It is authenticated: a wrapped key that is copied to another row does not unwrap. */
export interface KeyBinding {
  readonly purpose: string;
  /** Id of the wrapping key. */
  readonly parent: string;
  readonly id: string;
  readonly generation: number;
  readonly orgId: string;
  readonly secretId: string;
}

/** Makes 32 bytes with the random generator of the operating system. */
export function newKey(): Buffer {
  return randomBytes(KEY_BYTES);
}

export function wrapKey(key: Uint8Array, parentKey: Uint8Array, binding: KeyBinding): Buffer {
  if (key.length !== KEY_BYTES) throw new RangeError('A key has 32 bytes');
  const nonce = publicRandomBytes(NONCE_BYTES);
  const header = Buffer.concat([FORMAT, nonce]);
  return Buffer.concat([
    header,
    encrypt({ key: parentKey, nonce, aad: authenticated(header, binding) }, key),
  ]);
}

/** Gives the key, or throws INTEGRITY_ERROR, which does not say what is wrong. */
export function unwrapKey(wrapped: Uint8Array, parentKey: Uint8Array, binding: KeyBinding): Buffer {
  if (wrapped.length !== WRAPPED_BYTES || !FORMAT.every((byte, at) => wrapped[at] === byte)) {
    throw new AppError('INTEGRITY_ERROR');
  }
  const header = wrapped.subarray(0, HEADER_BYTES);
  const nonce = header.subarray(FORMAT.length);
  const key = decrypt(
    { key: parentKey, nonce, aad: authenticated(header, binding) },
    wrapped.subarray(HEADER_BYTES),
  );
  if (!key) throw new AppError('INTEGRITY_ERROR');
  return key;
}

function authenticated(header: Uint8Array, binding: KeyBinding): Buffer {
  const { purpose, parent, id, generation, orgId, secretId } = binding;
  return lengthPrefixed(KEY_LABEL, header, purpose, parent, id, generation, orgId, secretId);
}
