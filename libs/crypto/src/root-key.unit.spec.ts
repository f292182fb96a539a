import { formatRootKey, isSampleRootKey, parseRootKey, rootKeyFingerprint } from './root-key';
import vectors from './vectors-v1.json';
import { newKey } from './wrapped-key';

describe('parseRootKey', () => {
  it.each(vectors.rootKeys.open)('reads: $name', ({ text, key }) => {
    expect(parseRootKey(text)?.toString('hex')).toBe(key);
  });

  it.each(vectors.rootKeys.fail)('refuses: $name', ({ text }) => {
    expect(parseRootKey(text)).toBeNull();
  });

  it('reads what formatRootKey writes', () => {
    for (let round = 0; round < 100; round++) {
      const key = newKey();
      expect(parseRootKey(formatRootKey(key))).toEqual(key);
    }
  });
});

describe('isSampleRootKey', () => {
  it.each(vectors.rootKeys.samples)('is true for: $name', ({ text }) => {
    expect(isSampleRootKey(parseRootKey(text)!)).toBe(true);
  });

  it('is false for a random key', () => {
    for (let round = 0; round < 100; round++) expect(isSampleRootKey(newKey())).toBe(false);
  });
});

describe('rootKeyFingerprint', () => {
  it.each(vectors.rootKeys.open)('is the known one: $name', ({ key, fingerprint }) => {
    expect(rootKeyFingerprint(Buffer.from(key, 'hex'))).toBe(fingerprint);
  });

  it('differs for keys that differ in one bit, and holds no part of the key', () => {
    const key = newKey();
    const near = Buffer.from(key);
    near[31]! ^= 1;
    expect(rootKeyFingerprint(near)).not.toBe(rootKeyFingerprint(key));
    expect(rootKeyFingerprint(key)).toMatch(/^[0-9a-f]{32}$/);
    expect(key.toString('hex')).not.toContain(rootKeyFingerprint(key).slice(0, 8));
  });
});
