import path from 'node:path';
import type { EventStore } from '#libs/event-store';
import type { KeyStore, Sealed } from '#libs/key-store';
import { AppError, isAppError } from '#libs/kernel';
import type { StoresConfig } from './store-settings';

/** How far back from its end the log is searched for a value. Mostly one is near; going through all of the second takes 30 ms of a start. */
const EVENTS_SEARCHED = [50, 5_000];

/** What the events of a secret say of data keys: one is in use from now on, or these are destroyed. */
interface TellsOfKeys {
  readonly sealed?: Sealed;
  readonly dataKeyIds?: readonly string[];
}

/**
 * Fails with STORE_CORRUPT when the key of the newest value is missing: an older key store was put back beside the log, and
 * what was written since could not be opened. A key is flushed before its event is appended, so no crash leaves this
 * behind. Asked of embedded stores alone: servers are not copied as files, and their positions do not count events.
 */
export async function assertKeysOfLog(
  { events, keys }: { events: EventStore; keys: KeyStore },
  { eventStoreUrl, keyStoreUrl }: StoresConfig,
): Promise<void> {
  if (![eventStoreUrl, keyStoreUrl].every((url) => url.startsWith('sqlite:'))) return;
  const newest = await newestDataKey(events).catch((error: unknown) => {
    // An event that cannot be read says nothing of keys. Whoever needs it will say so.
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

/** The same among so many events: a key is destroyed behind its value, so a value that is left here is the latest of all. */
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
