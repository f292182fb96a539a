import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openEventStore, type EventStore } from '#libs/event-store';
import { prepareDataDirectory, storeOwners, type StoreOwner } from '#libs/host';
import { openKeyStore, type KeyStore } from '#libs/key-store';
import { AppError, isAppError } from '#libs/kernel';
import { openReadStore, type ReadStore } from '#libs/read-store';
import type { Side } from '../config';
import { moveRefused } from '../move-refused';

/** The open stores of one side. Each has answered a ping. Their files are locked, so no other process can use them. */
export interface OpenSide {
  readonly name: string;
  readonly events: EventStore;
  readonly keys: KeyStore;
  /** Those that exist in a source, all of them in a target. */
  readonly reads: ReadonlyMap<StoreOwner, ReadStore>;
  /**
   * True if the events of this stream age out. Only such streams accept an append at any revision, and only they lose
   * their beginning. The events that remain get lower revisions in the copy. Nothing refers to those revisions.
   */
  readonly ages: (stream: string) => boolean;
  close(): Promise<void>;
}

/** Opens the source. Creates no file. Fails with MOVE_REFUSED, STORE_LOCKED or STORE_UNAVAILABLE. */
export async function openSource({ name, stores }: Side): Promise<OpenSide> {
  if (isMissing(stores.eventStoreUrl) || isMissing(stores.keyStoreUrl)) {
    throw moveRefused(`There is no installation in ${name}: nothing to move.`);
  }
  const owners = storeOwners.filter((owner) => !isMissing(stores.readStoreUrl(owner)));
  return openAll({ name, stores }, owners);
}

/** Opens the target, and creates the stores that are missing. */
export async function openTarget({ name, stores }: Side): Promise<OpenSide> {
  const urls = [stores.eventStoreUrl, stores.keyStoreUrl, ...storeOwners.map(stores.readStoreUrl)];
  if (urls.some((url) => fileOf(url) !== undefined)) prepareDataDirectory(stores.dataDir);
  return openAll({ name, stores }, storeOwners);
}

/** Opens a target only to read it. Missing files are created in a temporary folder, which `close` removes. */
export async function openTargetToLookAt({ name, stores }: Side): Promise<OpenSide> {
  const folder = mkdtempSync(path.join(tmpdir(), 'hklst-move-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const elsewhere = (url: string) =>
    isMissing(url) ? `sqlite:${path.join(folder, path.basename(url))}` : url;
  const lookedAt = {
    ...stores,
    eventStoreUrl: elsewhere(stores.eventStoreUrl),
    keyStoreUrl: elsewhere(stores.keyStoreUrl),
    readStoreUrl: (owner: StoreOwner) => elsewhere(stores.readStoreUrl(owner)),
  };
  try {
    const side = await openAll({ name, stores: lookedAt }, storeOwners);
    return { ...side, close: () => side.close().finally(remove) };
  } catch (error) {
    remove();
    throw error;
  }
}

async function openAll({ name, stores }: Side, owners: readonly StoreOwner[]): Promise<OpenSide> {
  const opened: { close(): Promise<void> }[] = [];
  const close = async () => {
    for (const store of opened.splice(0).reverse()) await store.close();
  };
  const keep = async <T extends { close(): Promise<void>; ping(): Promise<void> }>(
    what: string,
    opening: Promise<T>,
  ): Promise<T> => {
    try {
      const store = await opening;
      opened.push(store);
      await store.ping();
      return store;
    } catch (error) {
      throw isAppError(error, 'STORE_UNAVAILABLE') ? away(what, name, error) : error;
    }
  };
  try {
    const { allowPlaintext, eventStoreUrl, keyStoreUrl, retention } = stores;
    const events = await keep('event store', openEventStore(eventStoreUrl, { retention, allowPlaintext }));
    const keys = await keep('key store', openKeyStore(keyStoreUrl, { allowPlaintext }));
    const reads = new Map<StoreOwner, ReadStore>();
    for (const owner of owners) {
      const opening = openReadStore(stores.readStoreUrl(owner), { allowPlaintext });
      reads.set(owner, await keep(`read store of ${owner}`, opening));
    }
    const ages = (stream: string) => stream.startsWith(`${retention.category}-`);
    return { name, events, keys, reads, ages, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Fails with MOVE_REFUSED for a file that exists but cannot be opened for writing, which locking it needs. */
function isMissing(url: string): boolean {
  const file = fileOf(url);
  if (file === undefined) return false;
  try {
    closeSync(openSync(file, 'r+'));
    return false;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return true;
    const reason = unusable[code ?? ''] ?? `cannot be opened (${code})`;
    throw moveRefused(`${file} ${reason}.`, cause);
  }
}

const unusable: Readonly<Record<string, string>> = {
  EACCES: 'cannot be read and written by this user: chown it, or run this as its owner',
  EISDIR: 'is a folder, not a file',
  EROFS:
    'lies on a file system that is mounted read-only: mount it for writing, or name a copy of the folder',
};

function fileOf(url: string): string | undefined {
  return url.startsWith('sqlite:') ? url.slice('sqlite:'.length) : undefined;
}

function away(what: string, side: string, cause: unknown): AppError {
  const safeMessage = `The ${what} of ${side} does not answer. Run this again when it does.`;
  return new AppError('STORE_UNAVAILABLE', { safeMessage, cause });
}
