import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseMongoUrl } from './mongo-url';

const options = { setting: 'READ_STORE_URL', database: 'hklst' };
const clientOf = (url: string) => parseMongoUrl(url, { ...options, allowPlaintext: true }).client;

function refusalOf(url: string, allowPlaintext = false): unknown {
  try {
    parseMongoUrl(url, { ...options, allowPlaintext });
    return undefined;
  } catch (error) {
    return error;
  }
}

/** What the documents tell operators to write, not what commands print; the file of the authority stands where theirs will. */
const samples = ['.env.example', 'docs/deploy.md', 'docs/guide/moving.md'].flatMap((name) => {
  const text = readFileSync(path.join(__dirname, '../../..', name), 'utf8');
  const urls = [...text.matchAll(/(?<=_URL='?|as in\s(?:# )?)mongodb:\/\/[^\s'`]*[^\s'`.,]/g)];
  return urls.map(([url]) => url.replace('/run/secrets/ca.crt', __filename));
});

describe('parseMongoUrl', () => {
  it.each([
    'mongodb://localhost/db',
    'mongodb://127.0.0.1:27017,127.0.0.2:27017/db',
    'mongodb://[::1]:27017',
    'mongodb://%2Frun%2Fmongodb-27017.sock/db',
    'mongodb://user:pass@db.example:27017/hklst?tls=true',
    'mongodb://db.example/hklst?ssl=true&replicaSet=rs',
    'mongodb+srv://db.example/hklst',
    // On this machine anything goes.
    'mongodb://localhost/db?tls=false',
  ])('takes %s', (url) => {
    expect(refusalOf(url)).toBeUndefined();
  });

  it.each([
    'mongodb://db.example:27017/hklst',
    'mongodb://db.example/hklst?tls=false',
    'mongodb://localhost,db.example/hklst',
    'mongodb://10.0.0.1,10.0.0.2/hklst?replicaSet=rs',
    'mongodb+srv://db.example/hklst?tls=false',
    'mongodb+srv://localhost.example/hklst?tls=false',
    'mongodb://db.example/hklst?tls=true&tlsInsecure=true',
    'mongodb://db.example/hklst?tls=true&tlsAllowInvalidCertificates=true',
    'mongodb://db.example/hklst?tls=true&tlsAllowInvalidHostnames=true',
  ])('refuses %s, unless the network is private', (url) => {
    expect(refusalOf(url)).toMatchObject({
      code: 'CONFIG_INVALID',
      safeMessage: expect.stringContaining('READ_STORE_URL needs tls=true') as string,
    });
    expect(refusalOf(url, true)).toBeUndefined();
  });

  it.each([
    'mongodb://user:hunter2@',
    'mongodb://user:hunter2@host:port/db',
    'mongodb://user:hunter2@host/db?unknown=1',
    'mongodb://user:hunter2@host/db?tls=maybe',
    'mongodb://user:hunter2@host/db?tls=true&tlsCAFile=/no/such/hunter2.pem',
  ])('refuses %s, and does not repeat it', (url) => {
    const refusal = refusalOf(url, true);
    expect(refusal).toMatchObject({ code: 'CONFIG_INVALID' });
    expect((refusal as Error).message).not.toContain('hunter2');
  });

  it.each([
    ['mongodb://localhost', 'hklst'],
    ['mongodb://localhost/', 'hklst'],
    ['mongodb://localhost/?tls=true', 'hklst'],
    ['mongodb://localhost?tls=true', 'hklst'],
    ['mongodb://localhost/named', 'named'],
    ['mongodb://localhost/test?tls=true', 'test'],
    ['mongodb://u:p@localhost,127.0.0.1/named-x?tls=true', 'named-x'],
  ])('finds in %s the database %s', (url, database) => {
    expect(parseMongoUrl(url, options).database).toBe(database);
  });

  it('lets no URL make anything last for ever', () => {
    const endless =
      'serverSelectionTimeoutMS=99999&waitQueueTimeoutMS=0&socketTimeoutMS=0&connectTimeoutMS=0&maxPoolSize=0&maxIdleTimeMS=0';
    const { options: actual } = clientOf(`mongodb://localhost/db?${endless}`);
    for (const limit of ['serverSelectionTimeoutMS', 'connectTimeoutMS', 'waitQueueTimeoutMS'] as const)
      expect(actual[limit]).toBe(900);
    for (const limit of ['socketTimeoutMS', 'maxPoolSize', 'maxIdleTimeMS'] as const)
      expect(actual[limit]).toBeGreaterThan(0);
  });

  it.each(samples)('takes the sample %s', (url) => {
    expect(refusalOf(url)).toBeUndefined();
  });
});
