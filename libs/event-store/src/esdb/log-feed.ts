import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import {
  eventTypeFilter,
  streamNameFilter,
  type AllStreamResolvedEvent,
  type AllStreamSubscription,
  type Position as ClientPosition,
} from '@eventstore/db-client';
import { comparePositions, type Position } from '#libs/kernel';
import type { Batch, RecordedEvent, SubscribeRequest } from '../event-store';
import type { EsdbClient } from './esdb-client';
import { placeOf } from './esdb-reads';
import { recordedEvent } from './recorded-event';
import { isWanted } from '../wanted-events';

interface FeedRequest extends Pick<SubscribeRequest, 'after' | 'categories' | 'types'> {
  readonly batchMax: number;
  /** The end of the log. Read it from the leader before the subscription begins. */
  readonly head: Position | null;
}

interface Gathered {
  readonly events: RecordedEvent[];
  position: Position | null;
}

const GATHER_MS = 5;
/** At most this many events are buffered while the consumer handles a batch. Then the server waits. */
const BUFFERED_MAX = 512;
/** A checkpoint comes after 32 times as many filtered events, which is fewer than `holdsNone` looks at. */
const CHECKPOINT_INTERVAL = 1;

/**
 * Gives one subscription of the client in batches. It ends when the server or the connection ends it; the caller
 * subscribes again.
 *
 * The client reports a checkpoint, and that it has caught up, as soon as the message arrives, while earlier events are
 * still in its buffer. Messages arrive in order, so both count here only when the buffer is empty.
 */
export class LogFeed {
  readonly #subscription: AllStreamSubscription;
  readonly #request: FeedRequest;
  #position: Position | null;
  #checkpoint: Position | null = null;
  #caughtUp = false;
  #reportedCaughtUp = false;
  #over = false;
  #wake: () => void = () => undefined;

  constructor(client: EsdbClient, request: FeedRequest) {
    this.#request = request;
    this.#position = request.after;
    this.#subscription = subscribe(client, request, (checkpoint) => {
      this.#checkpoint = checkpoint;
      this.#wake();
    });
    this.#subscription.on('readable', () => this.#wake());
    this.#subscription.on('caughtUp', () => {
      this.#caughtUp = true;
      this.#wake();
    });
    this.#subscription.on('fellBehind', () => (this.#caughtUp = false));
    // The client reports a graceful end without an error, and an error without an end.
    this.#subscription.on('end', () => this.close());
    this.#subscription.on('error', () => this.close());
  }

  /**
   * Gives the next batch, and waits for one if necessary; undefined at the end. The feed also ends when nothing arrives
   * for `silenceMs`. If it had caught up, it then ends only when `silent` gives true.
   */
  async next(silenceMs: number, silent: () => Promise<boolean>): Promise<Batch | undefined> {
    for (;;) {
      const batch = this.#batch(await this.#gather());
      // Events that were not given out are not lost, because the next subscription begins behind the last batch.
      if (this.#over) return undefined;
      if (batch) return batch;
      const woken = await this.#arrival(silenceMs);
      if (!woken && (!this.#caughtUp || (await silent()))) return undefined;
    }
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#wake();
    this.#subscription.unsubscribe().catch(() => undefined);
    // Unread events are thrown away, because the client never releases a call with unread messages.
    this.#subscription.resume();
  }

  /**
   * Collects a batch, because the client delivers a few events in each turn of the event loop. New events wait for one
   * turn. Old events may wait for some milliseconds.
   */
  async #gather(): Promise<Gathered> {
    const gathered: Gathered = { events: [], position: this.#position };
    const until = performance.now() + GATHER_MS;
    while (this.#read(gathered) > 0 && this.#isDrained && performance.now() < until) {
      await (this.#caughtUp ? nextTurn() : delay(GATHER_MS));
    }
    return gathered;
  }

  /** Adds the events that the client has ready, and gives how many it took. */
  #read(gathered: Gathered): number {
    const { batchMax } = this.#request;
    for (let count = 0; ; count += 1) {
      if (gathered.events.length >= batchMax) return count;
      const resolved = this.#subscription.read() as AllStreamResolvedEvent | null;
      if (resolved === null) return count;
      const event = recordedEvent(resolved);
      gathered.position = event.position;
      if (isWanted(this.#request, event)) gathered.events.push(event);
    }
  }

  /** True when the client has no event ready. */
  get #isDrained(): boolean {
    return this.#subscription.readableLength === 0;
  }

  /** Undefined without an event when neither the position nor `caughtUp` has changed. */
  #batch({ events, position: last }: Gathered): Batch | undefined {
    // Checked here and not while gathering, because more events may have arrived since, with reports behind them.
    const drained = this.#isDrained;
    // When caught up, the server has sent all wanted events up to the head that was read before.
    const reached = drained
      ? latest(last, this.#checkpoint, this.#caughtUp ? this.#request.head : null)
      : last;
    const caughtUp = drained && this.#caughtUp;
    const news = events.length > 0 || reached !== this.#position || caughtUp !== this.#reportedCaughtUp;
    this.#position = reached;
    this.#reportedCaughtUp = caughtUp;
    // No event of this server has position 0, so 0 stands for the beginning of an empty log.
    return news ? { events, position: reached ?? '0', caughtUp } : undefined;
  }

  /** Gives false when nothing arrives in time. */
  #arrival(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }
}

/**
 * Subscribes at the leader, from which the head was read too. A follower may have caught up with less than the head,
 * and a later start at the head would skip events. The server filters either by stream or by type; a filter by type
 * leaves out more.
 */
function subscribe(
  client: EsdbClient,
  { after, categories, types }: FeedRequest,
  onCheckpoint: (position: Position) => void,
): AllStreamSubscription {
  const options = {
    checkpointInterval: CHECKPOINT_INTERVAL,
    // Unequal numbers mean a place between two records. Kept as one number, it would name the record behind that place,
    // and a later start would skip this record. So it is ignored; another checkpoint follows.
    checkpointReached: (_: unknown, { commit, prepare }: ClientPosition) => {
      if (commit === prepare) onCheckpoint(commit.toString());
    },
  };
  const filter = filterOf({ categories, types }, options);
  return client.subscribeToAll(
    { fromPosition: placeOf(after), filter, requiresLeader: true },
    { highWaterMark: BUFFERED_MAX },
  );
}

function filterOf(
  { categories, types }: Pick<FeedRequest, 'categories' | 'types'>,
  options: Omit<Parameters<typeof eventTypeFilter>[0], 'prefixes' | 'regex'>,
) {
  if (types.length > 0) return eventTypeFilter({ ...options, prefixes: [...types] });
  if (categories.length === 0) return streamNameFilter({ ...options, regex: '^[^$]' });
  return streamNameFilter({ ...options, prefixes: categories.map((category) => `${category}-`) });
}

function latest(...positions: (Position | null)[]): Position | null {
  return positions.reduce((a, b) => (comparePositions(a, b) < 0 ? b : a));
}
