import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseEsdbUrl } from './esdb-url';

/** What the documents tell operators to write; the file of the authority stands where theirs will. */
const samples = ['.env.example', 'docs/deploy.md', 'docs/guide/moving.md'].flatMap((name) => {
  const text = readFileSync(path.join(__dirname, '../../../..', name), 'utf8');
  const urls = [...text.matchAll(/\besdb:\/\/[^\s'`]*[^\s'`.,]/g)];
  return urls.map(([url]) => url.replace('/run/secrets/ca.crt', __filename));
});

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

  it.each(samples)('takes the sample %s', (url) => {
    expect(parseEsdbUrl(url).channel).toMatchObject({ insecure: false });
  });
});
