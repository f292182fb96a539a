import path from 'node:path';
import type { EventStore } from '#libs/event-store';
import { AppError, comparePositions } from '#libs/kernel';
import type { ReadStore } from '#libs/read-store';
import type { StoreOwner, StoresConfig } from './store-settings';

interface Opened {
  readonly service: StoreOwner;
  readonly reads: ReadStore;
  readonly events: EventStore;
}

/** Read stores in which nothing is lost that the log does not hold, but answers to commands that are repeated. */
const remade: readonly StoreOwner[] = ['secrets-command', 'secrets-query'];

/**
 * Fails with STORE_CORRUPT when a read store has seen more of the log than there is: the log was lost, or an older one
 * was put back. It would give the positions away again, and what it writes there would be in no list. Asked of an
 * embedded log alone: a node of a cluster may be behind the others for a moment.
 */
export async function assertNotAheadOfLog(
  { service, reads, events }: Opened,
  config: StoresConfig,
): Promise<void> {
  if (!config.eventStoreUrl.startsWith('sqlite:')) return;
  const head = (await events.head()) ?? '0';
  const seen = await reads.checkpoints();
  if (seen.every((position) => comparePositions(position, head) <= 0)) return;
  const [log, lists] = [nameOf(config.eventStoreUrl), nameOf(config.readStoreUrl(service))];
  const orRemake = remade.includes(service) ? `, or remove ${lists}, which is made anew from the log` : '';
  const safeMessage = `Cannot start: ${log} is older than ${lists}, which was made from it. Put all files back from the same backup${orRemake}.`;
  throw new AppError('STORE_CORRUPT', { safeMessage });
}

/** A file with what SQLite keeps beside it; of a server nothing but its kind, since a URL holds a password. */
function nameOf(url: string): string {
  return url.startsWith('sqlite:') ? path.basename(url) : 'the read store';
}
