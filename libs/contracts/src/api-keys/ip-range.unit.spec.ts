import { IpRange } from './ip-range';

const range = (text: string) => IpRange.parse(text)!;

describe('IpRange', () => {
  it.each([
    ['192.0.2.0/24', '192.0.2.255', true],
    ['192.0.2.0/24', '192.0.3.0', false],
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
    ['192.0.2.99/24', '192.0.2.1', true],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['2001:db8::/32', '2001:db8:ffff::1', true],
    ['2001:db8::/32', '2001:db9::1', false],
    ['2001:DB8::1', '2001:db8:0:0:0:0:0:1', true],
    ['::/0', '2001:db8::1', true],
    // A client that comes over IPv6 to an IPv4 port is the same client.
    ['192.0.2.0/24', '::ffff:192.0.2.5', true],
    ['192.0.2.0/24', '::ffff:c000:205', true],
    ['::ffff:192.0.2.0/120', '192.0.2.5', true],
    ['::ffff:192.0.2.0/120', '192.0.3.5', false],
    ['::/0', '192.0.2.5', false],
    ['fe80::/10', 'fe80::1%eth0', true],
    ['192.0.2.0/24', 'localhost', false],
    ['192.0.2.0/24', '', false],
  ])('%s and %s: %s', (text, address, expected) => {
    expect(range(text).includes(address)).toBe(expected);
  });

  it.each([
    ...['', ' ', 'localhost', '10', '10.1', '010.0.0.1', '0x0a000001', '10.0.0.256', '10.0.0.0/33'],
    ...['10.0.0.0/', '10.0.0.0/-1', '10.0.0.0/08', '10.0.0.0/8/8', '10.0.0.0/8.0', ' 10.0.0.0/8'],
    ...['::/129', 'fe80::1%eth0', 'fe80::%eth0/64', '2001:db8::1::1', '*', 'x'.repeat(10_000)],
  ])('is no %j', (text) => {
    expect(IpRange.parse(text)).toBeNull();
  });

  it('covers what lies in it whole', () => {
    expect(range('10.0.0.0/8').covers(range('10.1.0.0/16'))).toBe(true);
    expect(range('10.0.0.0/8').covers(range('10.0.0.0/8'))).toBe(true);
    expect(range('10.0.0.0/8').covers(range('10.0.0.0/7'))).toBe(false);
    expect(range('10.0.0.0/8').covers(range('11.0.0.0/16'))).toBe(false);
    expect(range('10.0.0.0/8').covers(range('::ffff:10.2.0.0/112'))).toBe(true);
    expect(range('::/0').covers(range('10.0.0.0/8'))).toBe(false);
  });
});
