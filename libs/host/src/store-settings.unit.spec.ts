import { readEnv } from '#libs/kernel';
import { storeSettings, toStoresConfig } from './store-settings';

const configFor = (env: NodeJS.ProcessEnv) => toStoresConfig(readEnv(env, storeSettings));

describe('toStoresConfig', () => {
  it.each([
    ['mongodb://host', 'mongodb://host/hklst-access'],
    ['mongodb://host/', 'mongodb://host/hklst-access'],
    ['mongodb://a,b:27018/mine?replicaSet=rs', 'mongodb://a,b:27018/mine-access?replicaSet=rs'],
    ['mongodb://host?tls=true', 'mongodb://host/hklst-access?tls=true'],
    // Where the user is looked up stays where it was.
    ['mongodb://u:p@host/mine', 'mongodb://u:p@host/mine-access?authSource=mine'],
    ['mongodb+srv://u:p@host/?w=1', 'mongodb+srv://u:p@host/hklst-access?w=1&authSource=admin'],
    [
      'mongodb://u:p@host/mine?authMechanism=SCRAM-SHA-256',
      'mongodb://u:p@host/mine-access?authMechanism=SCRAM-SHA-256&authSource=mine',
    ],
    ['mongodb://u:p@host/mine?authSource=users', 'mongodb://u:p@host/mine-access?authSource=users'],
    [
      'mongodb://u@host/?tls=true&authMechanism=MONGODB-X509',
      'mongodb://u@host/hklst-access?tls=true&authMechanism=MONGODB-X509',
    ],
    ['sqlite:/var/lib/hklst/reads.db', 'sqlite:/var/lib/hklst/reads-access.db'],
    ['sqlite:/var/lib/hklst.d/reads', 'sqlite:/var/lib/hklst.d/reads-access'],
  ])('reads of %s for a service in %s', (url, own) => {
    expect(configFor({ READ_STORE_URL: url }).readStoreUrl('access')).toBe(own);
  });

  it('keeps every service in a file of its own unless it is told otherwise', () => {
    const { readStoreUrl } = configFor({ DATA_DIR: '/data' });
    expect([readStoreUrl('access'), readStoreUrl('secrets-query')]).toEqual([
      'sqlite:/data/access.db',
      'sqlite:/data/secrets-query.db',
    ]);
  });

  it('allows plain text to a store only when it is told so', () => {
    expect(configFor({}).allowPlaintext).toBe(false);
    expect(configFor({ ALLOW_PLAINTEXT_STORES: 'true' }).allowPlaintext).toBe(true);
    expect(() => configFor({ ALLOW_PLAINTEXT_STORES: 'yes' })).toThrow('ALLOW_PLAINTEXT_STORES must be');
  });
});
