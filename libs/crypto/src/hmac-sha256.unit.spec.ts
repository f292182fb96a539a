import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { hmacSha256 } from './hmac-sha256';

describe('hmacSha256', () => {
  it('gives the output of RFC 4231, test case 6: a key longer than a block', () => {
    const text = Buffer.from('Test Using Larger Than Block-Size Key - Hash Key First');
    expect(hmacSha256(Buffer.alloc(131, 0xaa), text).toString('hex')).toBe(
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    );
  });

  it('agrees with node for keys and parts of every length, those around a block included', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ minLength: 63, maxLength: 65 }),
    );
    fc.assert(
      fc.property(bytes, fc.array(bytes, { maxLength: 4 }), (key, parts) => {
        const expected = createHmac('sha256', key).update(Buffer.concat(parts)).digest();
        expect(hmacSha256(key, ...parts)).toEqual(expected);
      }),
    );
  });

  it('leaves key and parts as they were', () => {
    const [key, part] = [Buffer.alloc(32, 7), Buffer.alloc(10, 9)];

    hmacSha256(key, part);

    expect([key, part]).toEqual([Buffer.alloc(32, 7), Buffer.alloc(10, 9)]);
  });
});
