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

/** The read stores that can be made anew from the log. They lose only the answers to repeated commands. */
const remade: readonly StoreOwner[] = ['secrets-command', 'secrets-query'];

/**
 * Fails with STORE_CORRUPT when a checkpoint is ahead of the log, because the log was lost or replaced by an older one.
 * The log would give new events positions that the projections have passed, and no list would show them. Checks an
 * embedded log only, because a node of a cluster may be behind the others for a moment.
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

/** The name of a file. A server gets no name, because its URL may hold a password. */
function nameOf(url: string): string {
  return url.startsWith('sqlite:') ? path.basename(url) : 'the read store';
}
