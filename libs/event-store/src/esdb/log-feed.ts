import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import {
  eventTypeFilter,
  START,
  streamNameFilter,
  type AllStreamResolvedEvent,
  type AllStreamSubscription,
  type Position as ClientPosition,
} from '@eventstore/db-client';
import { comparePositions, type Position } from '#libs/kernel';
import type { Batch, RecordedEvent } from '../event-store';
import type { EsdbClient } from './esdb-client';
import { recordedEvent } from './recorded-event';
import { isWanted } from '../wanted-events';

export interface FeedRequest {
  /** Events after this one; null: from the beginning. */
  readonly after: Position | null;
  readonly categories: readonly string[];
  readonly types: readonly string[];
  readonly batchMax: number;
  /** The end of the log, read from the leader before the subscription begins. */
  readonly head: Position | null;
}

interface Gathered {
  readonly events: RecordedEvent[];
  position: Position | null;
}

const GATHER_MS = 5;
/** Events kept ready while the consumer handles a batch; behind that the server waits. */
const BUFFERED_MAX = 512;
/** A checkpoint comes after 32 times as many events that the filter leaves out: fewer than `holdsNone` looks at. */
const CHECKPOINT_INTERVAL = 1;

/**
 * One subscription of the client, as batches. It ends whenever the server or the connection does; going
 * on after that is the supervisor's part.
 *
 * The client reports a checkpoint, and that it caught up, when the message arrives, ahead of the events
 * still in its buffer. Both take effect here only once the buffer is empty: messages arrive in order, so
 * then everything before them has been taken.
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
    // A graceful end comes without an error, and an error without an end.
    this.#subscription.on('end', () => this.close());
    this.#subscription.on('error', () => this.close());
  }

  /**
   * What has arrived, at once or when it comes; undefined at the end. `silent` is asked when nothing has
   * come for `silenceMs`: whether that is the end, too.
   */
  async next(silenceMs: number, silent: () => Promise<boolean>): Promise<Batch | undefined> {
    for (;;) {
      const batch = this.#batch(await this.#gather());
      // What is left at the end is not lost: the next subscription begins behind what was given out.
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
    // What is left is thrown away: a call with unread messages would never be released.
    this.#subscription.resume();
  }

  /**
   * Events come one by one, a few in each turn of the event loop. Live, those of the next turn join the
   * batch; history is not in a hurry and gathers for some milliseconds.
   */
  async #gather(): Promise<Gathered> {
    const gathered: Gathered = { events: [], position: this.#position };
    const until = performance.now() + GATHER_MS;
    while (this.#read(gathered) > 0 && this.#isDrained && performance.now() < until) {
      await (this.#caughtUp ? nextTurn() : delay(GATHER_MS));
    }
    return gathered;
  }

  /** Takes what the client has ready, and gives how much that was. */
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

  /** The client has nothing more just now. */
  get #isDrained(): boolean {
    return this.#subscription.readableLength === 0;
  }

  /** Undefined when there is nothing to tell. */
  #batch({ events, position: last }: Gathered): Batch | undefined {
    // Asked here and not while gathering: more may have arrived since, and reports together with it.
    const drained = this.#isDrained;
    // Caught up: all of ours up to the head that was read before have been sent.
    const reached = drained
      ? latest(last, this.#checkpoint, this.#caughtUp ? this.#request.head : null)
      : last;
    const caughtUp = drained && this.#caughtUp;
    const news = events.length > 0 || reached !== this.#position || caughtUp !== this.#reportedCaughtUp;
    this.#position = reached;
    this.#reportedCaughtUp = caughtUp;
    // No event of this server has position 0: it stands for the beginning of a log that is still empty.
    return news ? { events, position: reached ?? BEGINNING, caughtUp } : undefined;
  }

  /** False when nothing arrived in time. */
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

const BEGINNING: Position = '0';

/**
 * From the leader, like the head: a follower may be caught up with less than the head, and resuming after
 * the head would skip the difference. The server filters by stream or by type, not by both: types leave out more.
 */
function subscribe(
  client: EsdbClient,
  { after, categories, types }: FeedRequest,
  onCheckpoint: (position: Position) => void,
): AllStreamSubscription {
  const options = {
    checkpointInterval: CHECKPOINT_INTERVAL,
    // Unequal numbers mean the place between two records: as one number it would name the record behind
    // it, and resuming after that would skip it. It is left out; the next checkpoint comes.
    checkpointReached: (_: unknown, { commit, prepare }: ClientPosition) => {
      if (commit === prepare) onCheckpoint(commit.toString());
    },
  };
  const filter = filterOf({ categories, types }, options);
  const commit = BigInt(after ?? BEGINNING);
  const fromPosition = commit === 0n ? START : { commit, prepare: commit };
  return client.subscribeToAll(
    { fromPosition, filter, requiresLeader: true },
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
