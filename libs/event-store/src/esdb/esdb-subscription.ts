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
/** The pause between two subscriptions. It stays short after a long outage too, because lists wait for new events. */
const RETRY_MS = { min: 20, max: 1000 };

interface Log {
  readonly connection: EsdbConnection;
  /** After a silence of this many milliseconds the head of the log is asked for. */
  readonly silenceMs: number;
  /** Told the position that the log is known to reach. */
  readonly onSeen: (position: Position | null) => void;
}

/**
 * Follows the log, and subscribes again after everything that ends a subscription. The client never does so by itself,
 * reports no error when the server ends a subscription gracefully, and does not notice a dead connection. Each new
 * subscription begins after the last batch that was given out.
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
      // Other errors would occur again at the next subscription.
      if (!isAppError(error, 'STORE_UNAVAILABLE')) throw error;
    }
    // With jitter, so that not all processes come back at the same moment. The time's fraction of a millisecond is
    // random enough.
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
    // Events that the filter leaves out also move the head. Then a new subscription only moves the checkpoint forward.
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
 * Servers of the 23.10 line look for the first event at or behind the given position and begin behind that event. When
 * the event at our position was scavenged, they find a later one and would skip it. So this function gives out that
 * event, and the subscription begins behind it.
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
