import type { Socket } from 'node:net';
import { privateConnections } from './private-connections';

describe('privateConnections', () => {
  const from = (remoteAddress: string | undefined) => ({ remoteAddress }) as Socket;
  const trustedProxies = ['192.0.2.7', '10.1.0.0/16', '2001:db8::/48'];

  it.each([
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['192.0.2.7', true],
    ['::ffff:192.0.2.7', true],
    ['10.1.255.1', true],
    ['2001:db8:0:1::1', true],
    ['192.0.2.8', false],
    ['::ffff:192.0.2.8', false],
    ['10.2.0.1', false],
    ['2001:db8:1::1', false],
    ['fe80::1%eth0', false],
    ['128.0.0.1', false],
    ['', false],
    [undefined, false],
  ])('are, over plain HTTP and behind named proxies, those of %s: %s', (address, isPrivate) => {
    const judge = privateConnections({ tls: null, trustedProxies });
    const socket = from(address);
    expect([judge(socket), judge(socket)]).toEqual([isPrivate, isPrivate]);
  });

  it('are those of this machine alone where no proxy is named', () => {
    const judge = privateConnections({ tls: null, trustedProxies: [] });
    expect(['127.0.0.1', '::1', '192.0.2.7'].map((address) => judge(from(address)))).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('are all under TLS', () => {
    const tls = { cert: Buffer.of(), key: Buffer.of() };
    expect(privateConnections({ tls, trustedProxies })(from('203.0.113.9'))).toBe(true);
  });
});
