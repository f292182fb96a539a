import { hkdfSync } from 'node:crypto';
import fc from 'fast-check';
import { hkdfSha256 } from './hkdf';

describe('hkdfSha256', () => {
  it('gives the output of RFC 5869, test case 3', () => {
    const output = hkdfSha256({ key: Buffer.alloc(22, 0x0b), salt: new Uint8Array(0), info: '', bytes: 42 });
    expect(output.toString('hex')).toBe(
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    );
  });

  it('agrees with node for every length it can give', () => {
    const bytes = fc.uint8Array({ maxLength: 80 });
    fc.assert(
      fc.property(bytes, bytes, fc.string(), fc.integer({ min: 1, max: 64 }), (key, salt, info, length) => {
        const expected = Buffer.from(hkdfSync('sha256', key, salt, info, length));
        expect(hkdfSha256({ key, salt, info, bytes: length })).toEqual(expected);
      }),
    );
  });
});
