import { Redacted } from '#libs/kernel';
import { hashOpaqueToken, isOpaqueToken, newOpaqueToken, opaqueToken } from './opaque-token';

const pepper = new Uint8Array(32).fill(7);

describe('newOpaqueToken', () => {
  it('makes another one each time, of 256 bits', () => {
    const tokens = Array.from({ length: 100 }, () => newOpaqueToken());
    expect(new Set(tokens.map((token) => token.expose())).size).toBe(100);
    for (const token of tokens) expect(Buffer.from(token.expose(), 'base64url')).toHaveLength(32);
    expect(tokens.every(isOpaqueToken)).toBe(true);
  });

  it('takes 32 bytes and no other number', () => {
    expect(opaqueToken(new Uint8Array(32)).expose()).toBe('A'.repeat(43));
    expect(() => opaqueToken(new Uint8Array(31))).toThrow(RangeError);
  });
});

describe('isOpaqueToken', () => {
  it.each(['', 'x', 'A'.repeat(42), 'A'.repeat(44), `${'A'.repeat(42)}=`, `${'A'.repeat(42)}\n`])(
    'refuses %j',
    (text) => {
      expect(isOpaqueToken(new Redacted(text))).toBe(false);
    },
  );
});

describe('hashOpaqueToken', () => {
  it('never changes: a vector', () => {
    expect(hashOpaqueToken(pepper, 'session', opaqueToken(new Uint8Array(32)))).toBe(
      'e515cf4e11bda5f66a554310fcd172dad76cc1cfe37de17b33f0e7b59785ca8e',
    );
  });

  it('differs per purpose, key and token', () => {
    const token = newOpaqueToken();
    const hashes = [
      hashOpaqueToken(pepper, 'session', token),
      hashOpaqueToken(pepper, 'sign-up', token),
      hashOpaqueToken(new Uint8Array(32), 'session', token),
      hashOpaqueToken(pepper, 'session', newOpaqueToken()),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });
});
