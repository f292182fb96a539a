import { createHmac } from 'node:crypto';
import { constantTimeEqual, keyedHash } from './keyed-hash';
import vectors from './vectors-v1.json';

describe('keyedHash', () => {
  it.each(vectors.keyedHashes)('gives the known hash', ({ key, parts, hash }) => {
    const [label, ...rest] = parts as [string, ...(string | number)[]];
    expect(keyedHash(Buffer.from(key, 'hex'), label, ...rest).toString('hex')).toBe(hash);
  });

  it('is HMAC-SHA-256 over the length-prefixed parts', () => {
    const key = Buffer.alloc(32, 7);
    const message = Buffer.from('\0\0\0\x05label\0\0\0\x01a', 'latin1');
    expect(keyedHash(key, 'label', 'a')).toEqual(createHmac('sha256', key).update(message).digest());
  });

  it('depends on the key, the label and where one part ends', () => {
    const key = Buffer.alloc(32, 7);
    const hashes = [
      keyedHash(key, 'l', 'ab', 'c'),
      keyedHash(key, 'l', 'a', 'bc'),
      keyedHash(key, 'm', 'ab', 'c'),
      keyedHash(Buffer.alloc(32, 8), 'l', 'ab', 'c'),
    ].map((hash) => hash.toString('hex'));
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});

describe('constantTimeEqual', () => {
  it('compares, and finds unequal lengths unequal instead of throwing', () => {
    expect(constantTimeEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
    expect(constantTimeEqual(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
    expect(constantTimeEqual(Uint8Array.of(1, 2), Uint8Array.of(1))).toBe(false);
    expect(constantTimeEqual(new Uint8Array(0), Uint8Array.of(1))).toBe(false);
  });
});
