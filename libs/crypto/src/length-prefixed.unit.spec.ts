import fc from 'fast-check';
import { lengthPrefixed } from './length-prefixed';

describe('lengthPrefixed', () => {
  it('puts the length in bytes, big-endian, before each part', () => {
    expect(lengthPrefixed('aß', 12, Uint8Array.of(0xff), '').toString('hex')).toBe(
      ['00000003', '61c39f', '00000002', '3132', '00000001', 'ff', '00000000'].join(''),
    );
  });

  it('gives different bytes for different lists', () => {
    const texts = fc.array(fc.string({ unit: fc.constantFrom('a', '\u0000', '\u0001', 'ß'), maxLength: 3 }), {
      maxLength: 4,
    });
    fc.assert(
      fc.property(texts, texts, (one, other) => {
        const same = JSON.stringify(one) === JSON.stringify(other);
        expect(lengthPrefixed(...one).equals(lengthPrefixed(...other))).toBe(same);
      }),
      { numRuns: 2_000 },
    );
  });
});
