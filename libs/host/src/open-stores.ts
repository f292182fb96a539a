import { openEventStore, type EventStore } from '#libs/event-store';
import { Keyring, loadRootKey, openKeyStore, readRootKey, type KeyStore } from '#libs/key-store';
import { AppError, type Clock } from '#libs/kernel';
import { openReadStore, type ReadStore } from '#libs/read-store';
import type { StoresConfig } from './store-settings';

export interface Stores {
  readonly events: EventStore;
  readonly keyring: Keyring;
  /** The read store of a service, opened when first asked for. */
  readStoreOf(service: string): Promise<ReadStore>;
  close(): Promise<void>;
}

/** Opens the stores of a process, or fails with a startup error and leaves nothing open. */
export async function openStores(config: StoresConfig, clock: Clock): Promise<Stores> {
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
    const { allowPlaintext } = config;
    const events = await keep(openEventStore(config.eventStoreUrl, { retention, allowPlaintext }));
    const keys = await keep(openKeyStore(config.keyStoreUrl, { allowPlaintext }));
    const keyring = await Keyring.open({ keys, rootKey: await rootKeys(config, keys), clock });
    if ((await events.head()) === null && (await keyring.hasOrganizationKeys())) throw logIsLost();
    const readStoreOf = (service: string) =>
      keep(openReadStore(config.readStoreUrl(service), { allowPlaintext }));
    return { events, keyring, readStoreOf, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function rootKeys({ rootKey, previousRootKey }: StoresConfig, keys: KeyStore) {
  const current = await loadRootKey({ keys, ...rootKey });
  if (previousRootKey === null) return { current };
  return { current, previous: await readRootKey(previousRootKey) };
}

/** Keys of values mean that there was a log: an empty one is lost or the wrong one, not new. */
function logIsLost(): AppError {
  const safeMessage =
    'Cannot start: the key store is in use, but its event log (events.db) is empty. Put the log back from its backup.';
  return new AppError('STORE_CORRUPT', { safeMessage });
}
