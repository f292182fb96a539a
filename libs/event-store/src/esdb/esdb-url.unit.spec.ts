import { parseEsdbUrl } from './esdb-url';

describe('parseEsdbUrl', () => {
  it.each(['esdb://localhost?tls=false', 'esdb://127.0.0.1:2113,127.0.0.2:2113?tls=false'])(
    'takes %s: nobody on the network can listen',
    (url) => {
      expect(parseEsdbUrl(url).channel).toEqual({ insecure: true });
    },
  );

  it.each([
    'esdb://db.example?tls=false',
    'esdb+discover://10.0.0.1?tls=false',
    'esdb://localhost,b?tls=false',
  ])('refuses %s, unless the network is private', (url) => {
    expect(() => parseEsdbUrl(url)).toThrow('ALLOW_PLAINTEXT_STORES');
    expect(parseEsdbUrl(url, true).channel).toEqual({ insecure: true });
  });

  it('uses TLS where nothing is said, also where it may do without', () => {
    expect(parseEsdbUrl('esdb://user:pass@db.example', true).channel).toMatchObject({ insecure: false });
  });
});
