import { openEventStore, type EventStore } from '#libs/event-store';
import {
  Keyring,
  loadRootKey,
  openKeyStore,
  readPreviousRootKey,
  readRootKey,
  type KeyStore,
} from '#libs/key-store';
import { AppError, isAppError, type Clock } from '#libs/kernel';
import { errorFields, type Logger } from '#libs/observability';
import { untilThere } from '#libs/process';
import { openReadStore, type ReadStore } from '#libs/read-store';
import { assertKeysOfLog } from './assert-keys-of-log';
import { assertNotAheadOfLog } from './assert-not-ahead-of-log';
import type { StoreOwner, StoresConfig } from './store-settings';

/** The stores of a process that has no keys. */
export interface OpenStores {
  readonly events: EventStore;
  /** Opens the read store of a service. Fails with STORE_CORRUPT when it is ahead of the embedded log. */
  readStoreOf(service: StoreOwner): Promise<ReadStore>;
  close(): Promise<void>;
}

export interface Stores extends OpenStores {
  readonly keyring: Keyring;
}

interface OpenOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** True when the services of the installation run in several processes. */
  readonly isApart?: boolean;
}

/** Opens the stores of a process, and waits for a server that is away. A startup error leaves nothing open. */
export async function openStores(config: StoresConfig, options: OpenOptions): Promise<Stores> {
  const { clock, logger } = options;
  const opening = new Opening(config, options);
  try {
    const events = await opening.events();
    const keys = await opening.keys();
    const waiting = { logger, component: 'key-store', code: 'STORE_UNAVAILABLE' } as const;
    // Before a root key or an instance key is made.
    await untilThere(() => assertKeysOfLog({ events, keys }, config), waiting);
    const rootKey = await rootKeys(config, keys);
    const readAgain = () => readRootKey(config.rootKey);
    const keyring = await untilThere(async () => {
      const opened = await Keyring.open({ keys, rootKey, readRootKey: readAgain, clock });
      await opened.makeInstanceKeys();
      return opened;
    }, waiting);
    if ((await events.head()) === null && (await keyring.hasOrganizationKeys())) throw logIsLost();
    const readStoreOf = (service: StoreOwner) => opening.reads(service, events);
    return { events, keyring, readStoreOf, close: () => opening.undo() };
  } catch (error) {
    await opening.undo();
    throw error;
  }
}

/** Like `openStores`, for a process that opens no value: it needs neither the key store nor the root key. */
export async function openKeylessStores(
  config: StoresConfig,
  options: Omit<OpenOptions, 'clock'>,
): Promise<OpenStores> {
  const opening = new Opening(config, options);
  try {
    const events = await opening.events();
    const readStoreOf = (service: StoreOwner) => opening.reads(service, events);
    return { events, readStoreOf, close: () => opening.undo() };
  } catch (error) {
    await opening.undo();
    throw error;
  }
}

class Opening {
  readonly #opened: { close(): Promise<void> }[] = [];

  constructor(
    private readonly config: StoresConfig,
    private readonly options: Omit<OpenOptions, 'clock'>,
  ) {}

  async events(): Promise<EventStore> {
    const { eventStoreUrl, retention, allowPlaintext } = this.config;
    const failed = (error: unknown) =>
      this.options.logger.warn('aged events not deleted; it will be tried again', errorFields(error));
    const events = await this.#open('event-store', () =>
      openEventStore(eventStoreUrl, { retention: { ...retention, sweep: { failed } }, allowPlaintext }),
    );
    // The adapter of a server connects at its first call.
    await this.#wait('event-store', () => events.ping());
    return events;
  }

  keys(): Promise<KeyStore> {
    const { keyStoreUrl, allowPlaintext } = this.config;
    return this.#open('key-store', () => openKeyStore(keyStoreUrl, { allowPlaintext }));
  }

  async reads(service: StoreOwner, events: EventStore): Promise<ReadStore> {
    const { readStoreUrl, allowPlaintext } = this.config;
    const reads = await this.#open('read-store', () =>
      openReadStore(readStoreUrl(service), { allowPlaintext }),
    );
    await this.#wait('read-store', () => assertNotAheadOfLog({ service, reads, events }, this.config));
    return reads;
  }

  async undo(): Promise<void> {
    for (const store of this.#opened.splice(0).reverse()) await store.close();
  }

  async #open<T extends { close(): Promise<void> }>(component: string, open: () => Promise<T>): Promise<T> {
    try {
      const store = await this.#wait(component, open);
      this.#opened.push(store);
      return store;
    } catch (error) {
      throw this.options.isApart && isAppError(error, 'STORE_LOCKED') ? notShared(error) : error;
    }
  }

  #wait<T>(component: string, attempt: () => Promise<T>): Promise<T> {
    return untilThere(attempt, { logger: this.options.logger, component, code: 'STORE_UNAVAILABLE' });
  }
}

async function rootKeys({ rootKey, previousRootKey, keyStoreUrl }: StoresConfig, keys: KeyStore) {
  // When others use the key store too, a root key made here would exist on this machine only, so none is made.
  const current = keyStoreUrl.startsWith('sqlite:')
    ? await loadRootKey({ keys, ...rootKey })
    : await readRootKey(rootKey, 'All services need the same one: npm run secrets makes one.');
  if (previousRootKey === null) return { current };
  return { current, previous: await readPreviousRootKey(previousRootKey) };
}

/** Adds advice for services in processes of their own: they cannot share a file. */
function notShared({ safeMessage, cause }: AppError): AppError {
  const advice =
    'Services in processes of their own cannot share files: set EVENT_STORE_URL, READ_STORE_URL and KEY_STORE_URL to servers.';
  return new AppError('STORE_LOCKED', { safeMessage: `${safeMessage} ${advice}`, cause });
}

/** Organization keys show that there was a log, so an empty log was lost or is the wrong one. */
function logIsLost(): AppError {
  const safeMessage =
    'Cannot start: the key store is in use, but its event log (events.db) is empty. Put the log back from its backup.';
  return new AppError('STORE_CORRUPT', { safeMessage });
}
