import { openEventStore, type EventStore } from '#libs/event-store';
import { Keyring, loadRootKey, openKeyStore, readRootKey, type KeyStore } from '#libs/key-store';
import type { Clock } from '#libs/kernel';
import { openReadStore, type ReadStore } from '#libs/read-store';
import type { StandaloneConfig } from './config';

export interface Stores {
  readonly events: EventStore;
  readonly keyring: Keyring;
  readonly reads: {
    readonly access: ReadStore;
    readonly secretsCommand: ReadStore;
    readonly secretsQuery: ReadStore;
  };
  close(): Promise<void>;
}

/** Opens everything that rests on disk, or fails with a startup error and leaves nothing open. */
export async function openStores(config: StandaloneConfig, clock: Clock): Promise<Stores> {
  const opened: { close(): Promise<void> }[] = [];
  const keep = async <T extends { close(): Promise<void> }>(opening: Promise<T>): Promise<T> => {
    const store = await opening;
    opened.push(store);
    return store;
  };
  const close = async () => {
    for (const store of opened.reverse()) await store.close();
  };
  try {
    const retention = { category: 'access', days: config.auditRetentionDays };
    const events = await keep(openEventStore(config.eventStoreUrl, { retention }));
    const keys: KeyStore = await keep(openKeyStore(config.keyStoreUrl));
    const keyring = await Keyring.open({ keys, rootKey: await rootKeys(config, keys), clock });
    const reads = {
      access: await keep(openReadStore(config.readStoreUrl('access'))),
      secretsCommand: await keep(openReadStore(config.readStoreUrl('secrets-command'))),
      secretsQuery: await keep(openReadStore(config.readStoreUrl('secrets-query'))),
    };
    return { events, keyring, reads, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function rootKeys({ rootKey, previousRootKey }: StandaloneConfig, keys: KeyStore) {
  const current = await loadRootKey({ keys, ...rootKey });
  if (previousRootKey === null) return { current };
  return { current, previous: await readRootKey(previousRootKey) };
}
