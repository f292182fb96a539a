import { storeSettings, toStoresConfig } from '#libs/host';
import { readEnv } from '#libs/kernel';
import { placesOf } from './places';

const places = (settings: Record<string, string>) =>
  placesOf({ name: 'here', stores: toStoresConfig(readEnv(settings, storeSettings)) });

describe('placesOf', () => {
  it('names files, and servers without their users, passwords and options', () => {
    const servers = {
      DATA_DIR: '/data',
      EVENT_STORE_URL: 'esdb://user:secret@node1:2113,node2:2113?tlsCAFile=/run/secret.crt',
      READ_STORE_URL: 'mongodb+srv://user:secret@reads.example.org/hklst?password=secret',
    };
    expect(places(servers)).toBe(`here
  event store  esdb://node1:2113,node2:2113
  key store    /data/keys.db
  read stores  mongodb+srv://reads.example.org/hklst-access and so on
`);
  });

  it.each(['mongodb://user:sec@ret@keys', 'mongodb://user:sec?ret@keys', 'mongodb://user:secret/@keys'])(
    'says nothing of %s, where a password may be anywhere',
    (url) => expect(places({ KEY_STORE_URL: url })).toContain('key store    a server\n'),
  );
});
