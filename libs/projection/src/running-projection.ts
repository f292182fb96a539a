import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { EventStore, RecordedEvent } from '#libs/event-store';
import { comparePositions, isAppError, type Position } from '#libs/kernel';
import { CollectionCatalog, type Change, type ReadStore } from '#libs/read-store';
import { whileLeased } from './lease-keeper';
import { LastChanges } from './last-changes';
import { park, parkedCollection } from './parked-events';
import { PositionWaiters } from './position-waiters';
import type { Projection } from './projection';
import { ProjectionTerm } from './projection-term';
import { replayParked } from './replay-parked';

/** The part of a logger that a projection uses. */
export interface ProjectionLogger {
  warn(event: string, fields: Readonly<Record<string, string | number | undefined>>): void;
}

export interface ProjectionParts {
  readonly projection: Projection;
  readonly events: Pick<EventStore, 'subscribe' | 'holdsNone' | 'head'>;
  readonly reads: ReadStore;
  readonly logger: ProjectionLogger;
}

export interface ProjectionStatus {
  readonly name: string;
  readonly state: 'starting' | 'standby' | 'catching-up' | 'live' | 'degraded' | 'stopped';
  /** All events up to this position are in the read store. */
  readonly position: Position | null;
  /** The number of events that could not be applied. */
  readonly parked: number;
}

const BACK_OFF_MS_MIN = 50;
/** The pause stays short after a long outage, too, because a list waits only two seconds for its position. */
const BACK_OFF_MS_MAX = 1_000;
/** A position without changes gets a transaction of its own only this often. */
const FLUSH_INTERVAL_MS = 1_000;
/**
 * At the head of the log, events that come within this time are read and written together. A batch for each commit
 * would cost the disk as many flushes as the log itself. A caller that waits for a position ends the pause.
 */
const PACE_MS = 10;
/** The pause after a batch of CROWD_EVENTS or more, because the next batch is as large. */
const CROWD_PACE_MS = 50;
const CROWD_EVENTS = 16;
/** While a caller waits, the stores are asked this often for what the subscription does not tell. */
const POLL_MS = 20;

/**
 * Keeps one projection up to date while it runs. Subscription, checkpoint, lease and guard are written here once. Nest
 * calls the two hooks; without Nest, call them yourself.
 */
export class RunningProjection {
  readonly #ending = new AbortController();
  readonly #waiters = new PositionWaiters();
  readonly #catalog = new CollectionCatalog();
  readonly #changes = new LastChanges();
  /** The name of the checkpoint and the lease. */
  readonly #key: string;
  readonly #holder = randomUUID();
  #state: Exclude<ProjectionStatus['state'], 'degraded'> = 'starting';
  #position: Position | null = null;
  #parked = 0;
  #backOffMs = BACK_OFF_MS_MIN;
  #isPolling = false;
  #running: Promise<void> = Promise.resolve();

  constructor(private readonly parts: ProjectionParts) {
    const { name, version, collections } = parts.projection;
    this.#key = `${name}.${version}`;
    for (const spec of collections) this.#catalog.add(spec);
  }

  /** Prepares the collections and begins to follow the log in the background. A store that is away delays both. */
  async onModuleInit(): Promise<void> {
    await this.#ensureCollections().catch((error: unknown) =>
      this.#warn('projection waits for its store', error),
    );
    this.#running = this.#run();
  }

  /** Ends the projection after writing what was read. Waits for a write under way until the store answers it. */
  async onApplicationShutdown(): Promise<void> {
    this.#ending.abort();
    await this.#running;
    this.#state = 'stopped';
  }

  status(): ProjectionStatus {
    const { name } = this.parts.projection;
    const state = this.#state === 'live' && this.#parked > 0 ? 'degraded' : this.#state;
    return { name, state, position: this.#position, parked: this.#parked };
  }

  /**
   * Resolves when the read store shows everything up to `position`. Fails with CONSISTENCY_TIMEOUT after `timeoutMs`,
   * or earlier when the log does not reach `position`.
   */
  async waitFor(position: Position, timeoutMs: number): Promise<void> {
    if (comparePositions(position, this.#position) <= 0) return;
    const waiting = this.#waiters.wait(position, timeoutMs);
    if (!this.#isPolling) void this.#pollWhileWaiting();
    await waiting;
  }

  /**
   * Gives a text that stays the same as long as nothing of the organization has changed in the read store. Null while
   * this process is not live, for example because another process writes.
   */
  stateOf(orgId: string): string | null {
    return this.#state === 'live' ? this.#changes.stateOf(orgId) : null;
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    const standBy = () => (this.#state = 'standby');
    const lease = { name: this.#key, holder: this.#holder, signal, standBy };
    while (!signal.aborted) {
      try {
        await this.#ensureCollections();
        await whileLeased(this.parts.reads, lease, (fence, leased) => this.#follow(fence, leased));
      } catch (error) {
        this.#warn('projection interrupted, it will go on', error);
        // Half to one and a half times the pause. The fraction of the clock's millisecond is random enough.
        await delay(this.#backOffMs * (0.5 + (performance.now() % 1)), undefined, { signal }).catch(
          () => undefined,
        );
        this.#backOffMs = Math.min(this.#backOffMs * 2, BACK_OFF_MS_MAX);
      }
      this.#state = 'starting';
    }
  }

  async #ensureCollections(): Promise<void> {
    for (const spec of [...this.parts.projection.collections, parkedCollection]) {
      await this.parts.reads.ensureCollection(spec);
    }
  }

  async #follow(fence: number, leased: AbortSignal): Promise<void> {
    const { events, projection, reads } = this.parts;
    const { categories, types } = projection;
    const after = await reads.checkpoint(this.#key);
    if (after !== null) {
      this.#reached(after);
      await this.#replayParked(after, { fence, signal: leased });
    }
    this.#parked = await reads.count(parkedCollection.name, { where: { projection: this.#key } });
    this.#state = 'catching-up';
    this.#changes.beginAt(after ?? '0');
    const failure = new AbortController();
    const term = new ProjectionTerm({
      after,
      write: (changes, position) => reads.project(this.#key, changes, position, fence),
      // While live, the position is reported below, after the changes were noted.
      reached: (position) => {
        if (this.#state !== 'live') this.#reached(position);
      },
      failed: () => failure.abort(),
    });
    const flushing = setInterval(() => term.flush(), FLUSH_INTERVAL_MS);
    const signal = AbortSignal.any([leased, failure.signal]);
    try {
      for await (const batch of events.subscribe({ after, categories, types, signal })) {
        const changes = batch.events.flatMap((event) => this.#apply(event));
        await term.take(batch, changes);
        // Noted after the write. Otherwise a list of the rows as they were before it would count as one of those after
        // it.
        for (const event of batch.events) this.#changes.note(event);
        if (this.#state === 'live') this.#reached(batch.position);
        this.#backOffMs = BACK_OFF_MS_MIN;
        if (!batch.caughtUp) continue;
        this.#state = 'live';
        await this.#waiters.untilWanted(batch.events.length < CROWD_EVENTS ? PACE_MS : CROWD_PACE_MS);
      }
      await term.finish();
    } finally {
      clearInterval(flushing);
    }
  }

  #replayParked(after: Position, { fence, signal }: { fence: number; signal: AbortSignal }): Promise<void> {
    const { events, projection, reads } = this.parts;
    const changesOf = (event: RecordedEvent) => this.#changesOf(event);
    const write = (changes: readonly Change[]) => reads.project(this.#key, changes, after, fence);
    return replayParked({ projection, key: this.#key, events, reads, signal, changesOf, write });
  }

  #changesOf(event: RecordedEvent): readonly Change[] {
    const changes = this.parts.projection.apply(event);
    // A bad change fails one event here. In the store it would stop all events.
    for (const change of changes) this.#catalog.assertChange(change);
    return changes;
  }

  /** `apply` is pure, so in this process it would fail again. The event is parked, and the others go on. */
  #apply(event: RecordedEvent): readonly Change[] {
    try {
      return this.#changesOf(event);
    } catch (error) {
      this.#parked += 1;
      const { position, type: event_type } = event;
      this.parts.logger.warn('event parked', { projection: this.#key, position, event_type });
      return [park(this.#key, event, error)];
    }
  }

  #reached(position: Position): void {
    if (comparePositions(position, this.#position) <= 0) return;
    this.#position = position;
    this.#waiters.reached(position);
  }

  async #pollWhileWaiting(): Promise<void> {
    this.#isPolling = true;
    while (!this.#waiters.isEmpty && !this.#ending.signal.aborted) {
      await this.#look().catch(() => undefined);
      await delay(POLL_MS);
    }
    this.#isPolling = false;
  }

  /**
   * What another process has written shows only in the checkpoint. And a position may be that of an event that the
   * projection does not read, which a subscription reports seconds later. So the log is asked whether an event is
   * missing.
   */
  async #look(): Promise<void> {
    const { events, projection, reads } = this.parts;
    const stored = this.#state === 'standby' ? await reads.checkpoint(this.#key) : await delay(POLL_MS, null);
    if (stored !== null) this.#reached(stored);
    await this.#waiters.refuseInvented(() => events.head());
    const upTo = this.#waiters.next;
    const isFollowed = this.#state === 'standby' || this.#state === 'live';
    if (upTo === null || !isFollowed) return;
    const { categories, types } = projection;
    const missesNone = await events.holdsNone({ after: this.#position, upTo, categories, types });
    if (missesNone) this.#reached(upTo);
  }

  #warn(event: string, error: unknown): void {
    const error_code = isAppError(error) ? error.code : undefined;
    this.parts.logger.warn(event, { projection: this.#key, error_code });
  }
}
