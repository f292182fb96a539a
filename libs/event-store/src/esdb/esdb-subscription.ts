import { setTimeout as delay } from 'node:timers/promises';
import { comparePositions, isAppError, type Position } from '#libs/kernel';
import { assertPartOfLog } from '../assert-part-of-log';
import type { Batch, SubscribeRequest } from '../event-store';
import type { EsdbConnection } from './esdb-connection';
import { readFirstFrom, readHead } from './esdb-reads';
import { LogFeed } from './log-feed';
import { recordedEvent } from './recorded-event';
import { isWanted } from '../wanted-events';

const BATCH_EVENTS_DEFAULT = 1000;
const HEAD_MS = 2000;
/** However long the server was away: lists wait for it to be heard again. */
const RETRY_MS = { min: 20, max: 1000 };

interface Log {
  readonly connection: EsdbConnection;
  /** Nothing arriving for so long makes us ask whether something should have. */
  readonly silenceMs: number;
  /** Told how far the log is known to reach. */
  readonly onSeen: (position: Position | null) => void;
}

/**
 * Follows the log through everything that ends a subscription: the client never takes one up again by
 * itself, ends without an error when the server ends it gracefully, and survives a dead connection in
 * silence. Whatever happens, the next one begins after the last batch that was handed out.
 */
export async function* subscribeToLog(log: Log, request: SubscribeRequest): AsyncGenerator<Batch> {
  const { signal } = request;
  let { after } = request;
  for (let failures = 0; !signal.aborted; failures += 1) {
    try {
      for await (const batch of oneSubscription(log, { ...request, after })) {
        after = batch.position;
        failures = 0;
        log.onSeen(after);
        yield batch;
      }
    } catch (error) {
      // Not for want of the server: it would be the same the next time.
      if (!isAppError(error, 'STORE_UNAVAILABLE')) throw error;
    }
    // With jitter, so that not all come back at the same moment: the time's fraction of a millisecond serves.
    const retryMs =
      Math.min(RETRY_MS.min * 2 ** failures, RETRY_MS.max) * (0.5 + (performance.now() % 1) / 2);
    await delay(retryMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

async function* oneSubscription(log: Log, request: SubscribeRequest): AsyncGenerator<Batch> {
  const { connection, silenceMs } = log;
  const { signal, batchMax = BATCH_EVENTS_DEFAULT } = request;
  const head = await connection.run(HEAD_MS, readHead);
  assertPartOfLog(request.after, head);
  const bridge = await bridgeGap(connection, request);
  if (bridge) yield bridge;
  if (signal.aborted) return;
  let after = bridge?.position ?? request.after;
  const feed = new LogFeed(connection.client, { ...request, after, batchMax, head });
  const stop = () => feed.close();
  signal.addEventListener('abort', stop, { once: true });
  try {
    // What the filter leaves out moves the head as well: then resuming only moves the checkpoint along.
    const behind = async () => comparePositions(await connection.run(HEAD_MS, readHead), after) > 0;
    for (;;) {
      const batch = await feed.next(silenceMs, behind);
      if (!batch) return;
      after = batch.position;
      yield batch;
    }
  } finally {
    signal.removeEventListener('abort', stop);
    feed.close();
  }
}

/**
 * The servers of the 23.10 line look for the first event at or behind the given position and begin behind
 * it. That is another event, and one that nobody has handled, when the one at our position has been
 * scavenged: so we hand that one out ourselves and begin there.
 */
async function bridgeGap(connection: EsdbConnection, request: SubscribeRequest): Promise<Batch | undefined> {
  const { after } = request;
  if (after === null || BigInt(after) === 0n) return undefined;
  const first = await connection.run(HEAD_MS, (client) => readFirstFrom(client, after));
  const position = first?.event?.position.commit.toString() ?? after;
  if (!first?.event || position === after) return undefined;
  const wanted = isWanted(request, { stream: first.event.streamId, type: first.event.type });
  return { events: wanted ? [recordedEvent(first)] : [], position, caughtUp: false };
}
