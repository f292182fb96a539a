import path from 'node:path';
import type { EventStore } from '#libs/event-store';
import type { KeyStore, Sealed } from '#libs/key-store';
import { AppError, isAppError, type Position } from '#libs/kernel';
import type { StoresConfig } from './store-settings';

interface Opened {
  readonly events: EventStore;
  readonly keys: KeyStore;
}

/** Fails with STORE_CORRUPT when the key store was lost, or replaced by an older one. Call it before a key is made. */
export async function assertKeysOfLog(opened: Opened, config: StoresConfig): Promise<void> {
  await assertNotLost(opened);
  await assertNotOlder(opened, config);
}

/**
 * Refuses an empty key store beside a log in use. The start would make new instance keys: no API key would be accepted,
 * and no secret would be found by its name.
 */
async function assertNotLost({ events, keys }: Opened): Promise<void> {
  const haveNone = async () => (await keys.count({ purpose: 'instance' })) === 0;
  // Asked twice, because another process may make the keys and the first event in between.
  if (!(await haveNone()) || !(await isInUse(events)) || !(await haveNone())) return;
  const safeMessage =
    'Cannot start: the event log is in use, but its key store (keys.db) is empty. Put the key store back from its backup.';
  throw new AppError('STORE_CORRUPT', { safeMessage });
}

/** True when the log has an event of an organization or a secret. A server may hold streams of other programs too. */
async function isInUse(events: EventStore): Promise<boolean> {
  const { signal } = new AbortController();
  const section = { after: null, categories: ['organization', 'secret'], types: [], batchMax: 1, signal };
  for await (const { events: found, caughtUp } of events.subscribe(section)) {
    if (found.length > 0) return true;
    if (caughtUp) return false;
  }
  return false;
}

/** Mostly the first page has a value. */
const PAGE_EVENTS = 200;

/** What the events of a secret say of data keys: `sealed` names one in use, `dataKeyIds` those to be destroyed. */
interface TellsOfKeys {
  readonly sealed?: Sealed;
  readonly dataKeyIds?: readonly string[];
}

/**
 * Refuses a key store that lacks the key of the newest value: it is older than the log, and newer values could not be
 * opened. A key is flushed before its event is appended, so no crash causes this. Accepts any key store when the log is
 * on a server, which cannot be searched from its end.
 */
async function assertNotOlder(
  { events, keys }: Opened,
  { eventStoreUrl, keyStoreUrl }: StoresConfig,
): Promise<void> {
  const newest = await newestDataKey(events).catch((error: unknown) => {
    // An event that cannot be read says nothing of keys. What needs the event reports it.
    if (isAppError(error, 'INTEGRITY_ERROR')) return undefined;
    throw error;
  });
  if (newest === undefined || (await keys.get(newest)) !== null) return;
  // A server gets no name, because its URL may hold a password.
  const keyFile = keyStoreUrl.startsWith('sqlite:') ? path.basename(keyStoreUrl) : 'the key store';
  const safeMessage = `Cannot start: ${keyFile} is older than ${path.basename(eventStoreUrl)}: it lacks the key of the newest value. Put all files back from the same backup.`;
  throw new AppError('STORE_CORRUPT', { safeMessage });
}

/** The data key of the latest value that is not destroyed; undefined when there is none, or none can be looked for. */
async function newestDataKey(events: EventStore): Promise<string | undefined> {
  const destroyed = new Set<string>();
  for (let before: Position | undefined; ;) {
    const page = (await events.latest({ category: 'secret', before, limit: PAGE_EVENTS })) ?? [];
    for (const { data } of page) {
      const { sealed, dataKeyIds = [] } = data as unknown as TellsOfKeys;
      // A key is destroyed after its value was written, so from the end the destruction comes first.
      for (const id of dataKeyIds) destroyed.add(id);
      if (sealed && !destroyed.has(sealed.dataKeyId)) return sealed.dataKeyId;
    }
    if (page.length < PAGE_EVENTS) return undefined;
    before = page.at(-1)?.position;
  }
}
