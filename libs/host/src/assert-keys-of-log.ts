import path from 'node:path';
import type { EventStore } from '#libs/event-store';
import type { KeyStore, Sealed } from '#libs/key-store';
import { AppError, isAppError } from '#libs/kernel';
import type { StoresConfig } from './store-settings';

/**
 * How many events from the end of the log are searched: the first step mostly finds a value, the second takes 30 ms.
 */
const EVENTS_SEARCHED = [50, 5_000];

/** What the events of a secret say of data keys: `sealed` names one in use, `dataKeyIds` those to be destroyed. */
interface TellsOfKeys {
  readonly sealed?: Sealed;
  readonly dataKeyIds?: readonly string[];
}

/**
 * Fails with STORE_CORRUPT when the key of the newest value is missing: the key store was replaced by an older one, and
 * newer values could not be opened. A key is flushed before its event is appended, so no crash causes this. Checks
 * embedded stores only: servers are not copied as files, and their positions do not count events.
 */
export async function assertKeysOfLog(
  { events, keys }: { events: EventStore; keys: KeyStore },
  { eventStoreUrl, keyStoreUrl }: StoresConfig,
): Promise<void> {
  if (![eventStoreUrl, keyStoreUrl].every((url) => url.startsWith('sqlite:'))) return;
  const newest = await newestDataKey(events).catch((error: unknown) => {
    // An event that cannot be read says nothing of keys. What needs the event reports it.
    if (isAppError(error, 'INTEGRITY_ERROR')) return undefined;
    throw error;
  });
  if (newest === undefined || (await keys.get(newest)) !== null) return;
  const [keyFile, logFile] = [path.basename(keyStoreUrl), path.basename(eventStoreUrl)];
  const safeMessage = `Cannot start: ${keyFile} is older than ${logFile}: it lacks the key of the newest value. Put all files back from the same backup.`;
  throw new AppError('STORE_CORRUPT', { safeMessage });
}

/** The data key of the latest value that is not destroyed; undefined when there is none at the end of the log. */
async function newestDataKey(events: EventStore): Promise<string | undefined> {
  for (const count of EVENTS_SEARCHED) {
    const newest = await newestAmong(events, count);
    if (newest !== undefined) return newest;
  }
  return undefined;
}

/** The same among the last `count` events. A key is destroyed after its value, so the last one left is the newest. */
async function newestAmong(events: EventStore, count: number): Promise<string | undefined> {
  const after = String(Math.max(0, Number(await events.head()) - count));
  const { signal } = new AbortController();
  const ids = new Set<string>();
  for await (const batch of events.subscribe({ after, categories: ['secret'], types: [], signal })) {
    for (const { data } of batch.events) {
      const { sealed, dataKeyIds = [] } = data as unknown as TellsOfKeys;
      if (sealed) ids.add(sealed.dataKeyId);
      for (const id of dataKeyIds) ids.delete(id);
    }
    if (batch.caughtUp) break;
  }
  return [...ids].at(-1);
}
