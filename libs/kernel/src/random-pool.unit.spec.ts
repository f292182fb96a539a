import { publicRandomBytes } from './random-pool';

describe('publicRandomBytes', () => {
  it.each([0, 12, 4_096, 5_000])('gives as many bytes as are asked for: %i', (length) => {
    expect(publicRandomBytes(length)).toHaveLength(length);
  });

  it('gives no byte twice', () => {
    const drawn = Array.from({ length: 1_000 }, () => publicRandomBytes(16).toString('hex'));
    expect(new Set(drawn).size).toBe(1_000);
  });
});
