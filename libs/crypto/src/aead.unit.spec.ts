import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { decrypt, encrypt, NONCE_BYTES, TAG_BYTES } from './aead';

const context = { key: randomBytes(32), nonce: randomBytes(12), aad: Buffer.from('bound') };
const sealed = encrypt(context, Buffer.from('plaintext'));

describe('aead', () => {
  it('gives back any plaintext', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 100 }), (plaintext, aad) => {
        const opened = decrypt({ ...context, aad }, encrypt({ ...context, aad }, plaintext));
        expect(opened).toEqual(Buffer.from(plaintext));
      }),
    );
  });

  it.each([0, 4, 8, 12, 13, 14, 15])('refuses a tag of %i bytes', (bytes) => {
    const empty = encrypt(context, new Uint8Array(0));
    expect(empty).toHaveLength(TAG_BYTES);
    expect(decrypt(context, empty.subarray(0, bytes))).toBeNull();
    expect(decrypt(context, sealed.subarray(0, sealed.length - TAG_BYTES + bytes))).toBeNull();
  });

  it.each([0, 1, 8, 11, 13, 16])('refuses a nonce of %i bytes, both ways', (bytes) => {
    const nonce = randomBytes(bytes);
    expect(bytes).not.toBe(NONCE_BYTES);
    expect(() => encrypt({ ...context, nonce }, Buffer.from('x'))).toThrow(RangeError);
    expect(decrypt({ ...context, nonce }, sealed)).toBeNull();
  });

  it.each([0, 16, 24, 31, 33])('refuses a key of %i bytes, both ways', (bytes) => {
    const key = randomBytes(bytes);
    expect(() => encrypt({ ...context, key }, Buffer.from('x'))).toThrow(RangeError);
    expect(decrypt({ ...context, key }, sealed)).toBeNull();
  });

  it('refuses another key, nonce or context', () => {
    expect(decrypt({ ...context, key: randomBytes(32) }, sealed)).toBeNull();
    expect(decrypt({ ...context, nonce: randomBytes(12) }, sealed)).toBeNull();
    expect(decrypt({ ...context, aad: Buffer.from('bounD') }, sealed)).toBeNull();
    expect(decrypt(context, sealed)?.toString()).toBe('plaintext');
  });
});
