import { setImmediate as afterThis } from 'node:timers';
import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { eventMetadata, type EventStore } from '#libs/event-store';
import { accessStream, type AccessEvent } from '#libs/events';
import { type Clock, entriesAtMost, newCommandId } from '#libs/kernel';
import { errorFields, type Logger } from '#libs/observability';
import { CLOCK, EVENT_STORE, LOGGER, PRODUCER } from '../tokens';

type AccessRefused = Extract<AccessEvent, { type: 'AccessRefused' }>;

/** A refusal of a known caller. For a key that was refused, `caller` is the key, whoever presented it. */
export interface Refusal {
  readonly caller: { readonly orgId: string; readonly actorType: string; readonly actorId: string };
  readonly action: string | null;
  readonly cause: AccessRefused['data']['cause'];
  readonly address: string | null;
  readonly userAgent: string | null;
  readonly correlationId: string;
}

/**
 * This many refusals of one kind are recorded one by one within `WINDOW_MS`. More are counted, and recorded at its end.
 */
const BURST = 10;
const WINDOW_MS = 60_000;
const SWEEP_INTERVAL_MS = 5_000;
const WINDOWS_MAX = 10_000;
/** How long `noteUnless` waits. */
const HELD_MS = 5 * 60_000;
const HELD_MAX = 10_000;

/** What is known of the refusals of one kind. Its count is kept from one minute to the next. */
interface Window {
  /** When the current minute began, in `monotonicMs`. */
  startedAt: number;
  recorded: number;
  /** Refusals that are not in the log yet. */
  counted: number;
  /** Records that are being written. When one fails, its refusals are counted here again. */
  underWay: number;
  latest: Refusal;
  latestAt: Date;
}

/** Tells whether what has happened since then (ISO 8601) makes a refusal not worth a record. */
type IsSettled = (since: string) => Promise<boolean>;

interface Held {
  readonly refusal: Refusal;
  readonly at: Date;
  /** In `monotonicMs`. */
  readonly heldAt: number;
  readonly isSettled: IsSettled;
}

/**
 * Records refusals: who, what, when and from where. Nobody waits for a record. A flood of refusals makes a bounded
 * number of records a minute for each caller, action and cause, and each record holds a count. A crash loses the counts
 * of the running minute, and what `noteUnless` holds; an orderly shutdown loses nothing while the log can be written.
 */
@Injectable()
export class RefusalRecords implements OnApplicationShutdown {
  readonly #windows = new LRUCache<string, Window>({
    ...entriesAtMost(WINDOWS_MAX),
    dispose: (window, _key, reason) => {
      if (reason === 'evict') void this.#tell(window);
    },
  });
  /** In the order of `heldAt`. */
  readonly #held: Held[] = [];
  readonly #sweeping: NodeJS.Timeout;
  readonly #writing = new Set<Promise<void>>();

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(EVENT_STORE) private readonly events: EventStore,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.#sweeping = setInterval(() => this.#sweep(), SWEEP_INTERVAL_MS).unref();
  }

  /**
   * Records a refusal in a later turn of the event loop, so that the refusal of a known key takes no longer than that
   * of an unknown one (case A2).
   */
  note(refusal: Refusal): void {
    afterThis(() => this.#record(refusal));
  }

  /**
   * Records a refusal five minutes later, or at shutdown, unless it is settled by then. For refusals that honest people
   * cause as well, and then settle. When that cannot be told, the refusal is recorded.
   */
  noteUnless(isSettled: IsSettled, refusal: Refusal): void {
    this.#held.push({ refusal, isSettled, at: this.clock.now(), heldAt: this.clock.monotonicMs() });
    if (this.#held.length > HELD_MAX) this.#settle(this.#held.splice(0, 1));
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.#sweeping);
    this.#settle(this.#held.splice(0));
    await Promise.all(this.#writing);
    for (const window of this.#windows.values()) void this.#tell(window);
    await Promise.all(this.#writing);
  }

  #record(refusal: Refusal, at = this.clock.now()): void {
    const { caller, action, cause } = refusal;
    const kind = `${caller.orgId} ${caller.actorId} ${action ?? ''} ${cause}`;
    const window = this.#windowOf(kind, refusal);
    window.latest = refusal;
    window.latestAt = at;
    window.counted += 1;
    if (window.recorded >= BURST) return;
    window.recorded += 1;
    void this.#tell(window);
  }

  #windowOf(kind: string, latest: Refusal): Window {
    const startedAt = this.clock.monotonicMs();
    const known = this.#windows.get(kind);
    if (known && startedAt - known.startedAt < WINDOW_MS) return known;
    if (known) return Object.assign(known, { startedAt, recorded: 0 });
    const latestAt = this.clock.now();
    const window = { startedAt, recorded: 0, counted: 0, underWay: 0, latest, latestAt };
    this.#windows.set(kind, window);
    return window;
  }

  /** Records those of the refusals that are not settled. */
  #settle(held: readonly Held[]): void {
    for (const { refusal, at, isSettled } of held) {
      const settling = isSettled(at.toISOString())
        .catch(() => false)
        .then((settled) => {
          if (!settled) this.#record(refusal, at);
          this.#writing.delete(settling);
        });
      this.#writing.add(settling);
    }
  }

  /** Settles what was held long enough, writes the counts of windows that are over, and forgets windows that can have no count any more. */
  #sweep(): void {
    const now = this.clock.monotonicMs();
    const staying = this.#held.findIndex(({ heldAt }) => heldAt > now - HELD_MS);
    this.#settle(this.#held.splice(0, staying < 0 ? this.#held.length : staying));
    const over = now - WINDOW_MS;
    for (const [kind, window] of this.#windows.entries()) {
      if (window.startedAt > over) continue;
      if (window.counted > 0) void this.#tell(window);
      else if (window.underWay === 0) this.#windows.delete(kind);
    }
  }

  /** Writes one record with the count of a window. When that fails, the count is kept. */
  #tell(window: Window): Promise<void> {
    const { latest, latestAt, counted } = window;
    if (counted === 0) return Promise.resolve();
    window.counted = 0;
    window.underWay += 1;
    const writing = this.#append(latest, latestAt, counted)
      .catch((error: unknown) => {
        window.counted += counted;
        this.logger.warn('refusal not recorded', { count: counted, ...errorFields(error) });
      })
      .finally(() => {
        window.underWay -= 1;
        this.#writing.delete(writing);
      });
    this.#writing.add(writing);
    return writing;
  }

  async #append(refusal: Refusal, when: Date, count: number): Promise<void> {
    const { caller, action, cause, address, userAgent, correlationId } = refusal;
    const { orgId } = caller;
    const at = when.toISOString();
    const event: AccessRefused = {
      type: 'AccessRefused',
      data: { action, cause, count, refusedAt: at, address, userAgent },
    };
    const commandId = newCommandId(when);
    const metadata = eventMetadata({ caller, commandId, correlationId, at, producer: PRODUCER });
    const stream = accessStream(orgId, at);
    await this.events.append({ orgId, stream, events: [event], expected: 'any', metadata });
  }
}
