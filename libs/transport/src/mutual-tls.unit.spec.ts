import type { PeerCertificate } from 'node:tls';
import { isAllowedPeer, refuseOpenNetwork } from './mutual-tls';

function certificate(commonName: unknown, subjectaltname?: string): PeerCertificate {
  return { subject: { CN: commonName }, subjectaltname } as unknown as PeerCertificate;
}

describe('isAllowedPeer', () => {
  it.each([
    ['its common name', certificate('access')],
    ['a DNS name', certificate('x', 'DNS:other, DNS:access')],
    ['a URI', certificate('x', 'URI:spiffe://hklst/access, DNS:other')],
  ])('allows a certificate by %s', (_what, peer) => {
    expect(isAllowedPeer(peer, ['access', 'spiffe://hklst/access'])).toBe(true);
  });

  it.each<[string, Partial<PeerCertificate>]>([
    ['of somebody else', certificate('accessory', 'DNS:access.example, URI:access2')],
    ['with an address of that name', certificate('x', 'IP Address:access')],
    ['with a quoted name that holds an allowed one', certificate('x', 'DNS:"evil, DNS:access, y"')],
    ['with several common names', certificate(['access', 'other'])],
    ['without names', certificate(undefined)],
    ['that is not there', {}],
  ])('refuses a certificate %s', (_what, peer) => {
    expect(isAllowedPeer(peer, ['access'])).toBe(false);
  });

  it('allows nobody when nobody is named', () => {
    expect(isAllowedPeer(certificate('access'), [])).toBe(false);
  });
});

describe('refuseOpenNetwork', () => {
  it.each(['127.0.0.1', '::1', 'localhost'])('lets %s do without TLS', (host) => {
    expect(() => refuseOpenNetwork(host, undefined)).not.toThrow();
  });

  it.each(['0.0.0.0', '::', '10.1.2.3', 'access', '127.0.0.1.example'])('asks for TLS on %s', (host) => {
    expect(() => refuseOpenNetwork(host, undefined)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error,
    );
  });
});
