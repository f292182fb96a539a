import { AppError, publicRandomBytes, timedBytes } from '#libs/kernel';
import { decrypt, encrypt, KEY_BYTES, NONCE_BYTES, TAG_BYTES } from './aead';
import { hkdfSha256 } from './hkdf';
import { constantTimeEqual } from './keyed-hash';
import { lengthPrefixed } from './length-prefixed';

/*
 * Envelope v1, frozen: what it wrote opens for ever (vectors-v1.json).
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

// The two labels are different, and neither is a label of another format: no hash or ciphertext made here
// means anything elsewhere.
const KEYS_LABEL = 'sv/v1/envelope-keys';
const VALUE_LABEL = 'sv/v1/value';

/** Above the largest value the API takes (40,000 bytes), and far below the 64 GiB that GCM can take under one nonce. */
export const PLAINTEXT_BYTES_MAX = 65_536;

/** Where a value belongs. An envelope moved to another place does not open there. */
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

/** A new id. Its time lets a store write neighbours; nothing rests on its secrecy. */
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
  // A data key seals one value, so even a repeated nonce would meet another key. It is random all the same:
  // should a data key ever be used again by mistake, 96 random bits still keep the two apart.
  const nonce = publicRandomBytes(NONCE_BYTES);
  const header = Buffer.concat([FORMAT, id, commitment, nonce]);
  const sealed = encrypt({ key: encryptionKey, nonce, aad: authenticated(header, binding) }, plaintext);
  return Buffer.concat([header, sealed]);
}

/**
 * Total: whatever the bytes of `envelope` are, it gives the plaintext or throws INTEGRITY_ERROR, which does
 * not say what was wrong.
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
  // GCM alone does not commit: one ciphertext can be made to open under two keys. The commitment is a hash
  // of the key that only this key has, so an envelope opens under one key or none.
  if (!constantTimeEqual(header.subarray(COMMITMENT_AT, NONCE_AT), commitment))
    throw new AppError('INTEGRITY_ERROR');
  const plaintext = decrypt(
    { key: encryptionKey, nonce: header.subarray(NONCE_AT), aad: authenticated(header, binding) },
    envelope.subarray(HEADER_BYTES),
  );
  if (!plaintext) throw new AppError('INTEGRITY_ERROR');
  return plaintext;
}

function hasFormat(envelope: Uint8Array): boolean {
  return envelope.length >= ENVELOPE_OVERHEAD_BYTES && FORMAT.every((byte, at) => envelope[at] === byte);
}

/**
 * The commitment may stand in the open: it and the encryption key are two output blocks of HKDF, and one
 * tells nothing about the other without the data key. Nobody finds two data keys with one commitment (that
 * would be a collision of SHA-256).
 */
function deriveKeys(dataKey: Uint8Array, id: Uint8Array) {
  const bytes = hkdfSha256({ key: dataKey, salt: id, info: KEYS_LABEL, bytes: 64 });
  return { encryptionKey: bytes.subarray(0, KEY_BYTES), commitment: bytes.subarray(KEY_BYTES) };
}

/** Not the secret's name: a rename would have to open and seal every version again. */
function authenticated(header: Uint8Array, { orgId, secretId, version }: EnvelopeBinding): Buffer {
  return lengthPrefixed(VALUE_LABEL, header, orgId, secretId, version);
}
