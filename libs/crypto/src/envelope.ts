import { AppError, publicRandomBytes, timedBytes } from '#libs/kernel';
import { decrypt, encrypt, KEY_BYTES, NONCE_BYTES, TAG_BYTES } from './aead';
import { hkdfSha256 } from './hkdf';
import { constantTimeEqual } from './keyed-hash';
import { lengthPrefixed } from './length-prefixed';

/*
 * Envelope v1. The format must never change, because stored envelopes must stay readable (vectors-v1.json).
 *
 *   "SV" | version 01 | suite 01 | data key id 16 | commitment 32 | nonce 12 | ciphertext | tag 16
 *   '--------------------------- header, 64 bytes ---------------------------'
 *
 * encryption key 32 | commitment 32 = HKDF-SHA-256(data key, salt = data key id, info = KEYS_LABEL)
 */
const FORMAT = Uint8Array.of(0x53, 0x56, 0x01, 0x01);
const DATA_KEY_ID_BYTES = 16;
const COMMITMENT_AT = FORMAT.length + DATA_KEY_ID_BYTES;
const NONCE_AT = COMMITMENT_AT + 32;
const HEADER_BYTES = NONCE_AT + NONCE_BYTES;
export const ENVELOPE_OVERHEAD_BYTES = HEADER_BYTES + TAG_BYTES;

// Domain separation: the two labels differ from each other and from those of all other formats, so no hash or
// ciphertext made here is valid elsewhere.
const KEYS_LABEL = 'sv/v1/envelope-keys';
const VALUE_LABEL = 'sv/v1/value';

/** Above the largest value of the API (40,000 bytes), and far below the 64 GiB that GCM allows under one nonce. */
export const PLAINTEXT_BYTES_MAX = 65_536;

/** The place of a value. It is authenticated, so an envelope that is copied to another place does not open there. */
export interface EnvelopeBinding {
  readonly orgId: string;
  readonly secretId: string;
  readonly version: number;
}

interface EnvelopeKey {
  /** 32 random bytes, made for this one value. */
  readonly dataKey: Uint8Array;
  /** 32 hexadecimal digits. */
  readonly dataKeyId: string;
  readonly binding: EnvelopeBinding;
}

/** Makes a data key's id. It begins with the time, so that a store writes new keys side by side. It is not secret. */
export function newDataKeyId(now: Date): string {
  return timedBytes(now).toString('hex');
}

export function sealEnvelope({
  dataKey,
  dataKeyId,
  binding,
  plaintext,
}: EnvelopeKey & { readonly plaintext: Uint8Array }): Buffer {
  const id = Buffer.from(dataKeyId, 'hex');
  if (
    dataKey.length !== KEY_BYTES ||
    id.length !== DATA_KEY_ID_BYTES ||
    plaintext.length > PLAINTEXT_BYTES_MAX
  ) {
    throw new RangeError('A data key has 32 bytes, its id 16, a plaintext at most 65,536');
  }
  const { encryptionKey, commitment } = deriveKeys(dataKey, id);
  // A data key seals one value, so any nonce would be safe. It is random in case a data key is ever used twice by
  // mistake: 96 random bits still make the two nonces different.
  const nonce = publicRandomBytes(NONCE_BYTES);
  const header = Buffer.concat([FORMAT, id, commitment, nonce]);
  try {
    const sealed = encrypt({ key: encryptionKey, nonce, aad: authenticated(header, binding) }, plaintext);
    return Buffer.concat([header, sealed]);
  } finally {
    encryptionKey.fill(0);
  }
}

/**
 * Gives the plaintext, or throws INTEGRITY_ERROR, whatever the bytes of `envelope` are. The error does not say what is
 * wrong.
 */
export function openEnvelope({
  dataKey,
  dataKeyId,
  binding,
  envelope,
}: EnvelopeKey & { readonly envelope: Uint8Array }): Buffer {
  const header = envelope.subarray(0, HEADER_BYTES);
  const id = Buffer.from(dataKeyId, 'hex');
  if (!hasFormat(envelope) || !constantTimeEqual(header.subarray(FORMAT.length, COMMITMENT_AT), id)) {
    throw new AppError('INTEGRITY_ERROR');
  }
  const { encryptionKey, commitment } = deriveKeys(dataKey, id);
  try {
    // GCM does not commit to a key: a ciphertext can be made that opens under two keys. The commitment is a hash of the
    // key, so an envelope opens under one key or none.
    if (!constantTimeEqual(header.subarray(COMMITMENT_AT, NONCE_AT), commitment))
      throw new AppError('INTEGRITY_ERROR');
    const plaintext = decrypt(
      { key: encryptionKey, nonce: header.subarray(NONCE_AT), aad: authenticated(header, binding) },
      envelope.subarray(HEADER_BYTES),
    );
    if (!plaintext) throw new AppError('INTEGRITY_ERROR');
    return plaintext;
  } finally {
    encryptionKey.fill(0);
  }
}

function hasFormat(envelope: Uint8Array): boolean {
  return envelope.length >= ENVELOPE_OVERHEAD_BYTES && FORMAT.every((byte, at) => envelope[at] === byte);
}

/**
 * The commitment is not secret: it and the encryption key are two output blocks of HKDF, and one tells nothing about
 * the other without the data key. Two data keys with one commitment would be a collision of SHA-256.
 */
function deriveKeys(dataKey: Uint8Array, id: Uint8Array) {
  const bytes = hkdfSha256({ key: dataKey, salt: id, info: KEYS_LABEL, bytes: 64 });
  return { encryptionKey: bytes.subarray(0, KEY_BYTES), commitment: bytes.subarray(KEY_BYTES) };
}

/** Leaves out the secret's name, because a rename would have to open and seal every version again. */
function authenticated(header: Uint8Array, { orgId, secretId, version }: EnvelopeBinding): Buffer {
  return lengthPrefixed(VALUE_LABEL, header, orgId, secretId, version);
}
