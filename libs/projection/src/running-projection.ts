import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { comparePositions, type EventStore, type Position, type RecordedEvent } from '#libs/event-store';
import { isAppError } from '#libs/kernel';
import { CollectionCatalog, type Change, type ReadStore } from '#libs/read-store';
import { whileLeased } from './lease-keeper';
import { LastChanges } from './last-changes';
import { park, parkedCollection } from './parked-events';
import { PositionWaiters } from './position-waiters';
import type { Projection } from './projection';
import { ProjectionTerm } from './projection-term';
import { replayParked } from './replay-parked';

/** As much of a logger as a projection needs. */
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
  readonly version: number;
  readonly state: 'starting' | 'standby' | 'catching-up' | 'live' | 'degraded' | 'stopped';
  /** All events up to here are in the read store. */
  readonly position: Position | null;
  /** Events put aside, because they could not be applied. */
  readonly parked: number;
}

const BACK_OFF_MS_MIN = 50;
/** However long a store was away: once it is back, lists that wait for a position give it two seconds. */
const BACK_OFF_MS_MAX = 1_000;
/** A position that changed nothing is worth a transaction of its own only so often. */
const FLUSH_INTERVAL_MS = 1_000;
/**
 * At the head of the log, what comes within this time is read and written together: a batch for every commit
 * would cost the disk as many flushes as the log itself. Whoever waits for a position is not kept waiting.
 */
const PACE_MS = 10;
/** The same after a batch of a crowd, whose next one is as large. */
const CROWD_PACE_MS = 50;
const CROWD_EVENTS = 16;
/** How often we look, while somebody waits, what neither this process nor the one with the lease will tell. */
const POLL_MS = 20;

/**
 * Keeps one projection up to date for as long as it runs: subscription, checkpoint, lease and guard are
 * written here once. Nest calls the two hooks; without Nest, call them yourself.
 */
export class RunningProjection {
  readonly #ending = new AbortController();
  readonly #waiters = new PositionWaiters();
  readonly #catalog = new CollectionCatalog();
  readonly #changes = new LastChanges();
  /** Of checkpoint and lease. */
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

  /** Writes what was read. A write under way is waited for, as long as the store lets it. */
  async onApplicationShutdown(): Promise<void> {
    this.#ending.abort();
    await this.#running;
    this.#state = 'stopped';
  }

  status(): ProjectionStatus {
    const { name, version } = this.parts.projection;
    const state = this.#state === 'live' && this.#parked > 0 ? 'degraded' : this.#state;
    return { name, version, state, position: this.#position, parked: this.#parked };
  }

  /**
   * Resolves once everything up to `position` shows. Fails with CONSISTENCY_TIMEOUT after `timeoutMs`, and before that
   * when the log does not reach as far.
   */
  async waitFor(position: Position, timeoutMs: number): Promise<void> {
    if (comparePositions(position, this.#position) <= 0) return;
    const waiting = this.#waiters.wait(position, timeoutMs);
    if (!this.#isPolling) void this.#pollWhileWaiting();
    await waiting;
  }

  /**
   * Names the state of what the read store shows of an organization: the same as long as nothing of it has
   * changed. Null when that is not known, because another process is the one that writes.
   */
  stateOf(orgId: string): string | null {
    return this.#state === 'live' ? this.#changes.stateOf(orgId) : null;
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    const lease = { name: this.#key, holder: this.#holder, signal };
    while (!signal.aborted) {
      try {
        await this.#ensureCollections();
        await whileLeased(
          this.parts.reads,
          { ...lease, standBy: () => (this.#state = 'standby') },
          (fence, leased) => this.#follow(fence, leased),
        );
      } catch (error) {
        this.#warn('projection interrupted, it will go on', error);
        // Half to one and a half times as long: the fraction of the clock is chance enough.
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
    if (after !== null) this.#reached(after);
    if (after !== null) await this.#replayParked(after, { fence, signal: leased });
    this.#parked = await reads.count(parkedCollection.name, { where: { projection: this.#key } });
    this.#state = 'catching-up';
    this.#changes.beginAt(after ?? '0');
    const failure = new AbortController();
    const term = new ProjectionTerm({
      after,
      write: (changes, position) => reads.project(this.#key, changes, position, fence),
      // Live, whoever hears of a position must find its changes noted as well: see below.
      reached: (position) => {
        if (this.#state !== 'live') this.#reached(position);
      },
      failed: () => failure.abort(),
    });
    const flushing = setInterval(() => term.flush(), FLUSH_INTERVAL_MS);
    const signal = AbortSignal.any([leased, failure.signal]);
    try {
      for await (const batch of events.subscribe({ after, categories, types, signal })) {
        await term.take(
          batch,
          batch.events.flatMap((event) => this.#apply(event)),
        );
        // Only now: a list that saw the rows as they were before must not pass for one that saw them after.
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
    return replayParked({
      ...{ projection, events, reads, signal },
      key: this.#key,
      changesOf: (event) => this.#changesOf(event),
      write: (changes) => reads.project(this.#key, changes, after, fence),
    });
  }

  #changesOf(event: RecordedEvent): readonly Change[] {
    const changes = this.parts.projection.apply(event);
    // Here it costs one event; in the store it would stop them all.
    for (const change of changes) this.#catalog.assertChange(change);
    return changes;
  }

  /** `apply` is pure, so what it cannot do now this process cannot do later: the event is put aside, the others flow. */
  #apply(event: RecordedEvent): readonly Change[] {
    const { logger } = this.parts;
    try {
      return this.#changesOf(event);
    } catch (error) {
      this.#parked += 1;
      logger.warn('event parked', {
        projection: this.#key,
        position: event.position,
        event_type: event.type,
      });
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
   * What another process has written shows in the checkpoint alone. And a position may be that of an event which the
   * projection does not read, and of which it would hear seconds later: then nothing is missing up to there.
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
