import { setTimeout as delay } from 'node:timers/promises';
import { comparePositions, type Batch, type EventStore, type Position, type RecordedEvent } from '#libs/event-store';
import { isAppError, newCommandId } from '#libs/kernel';
import type { Change, ReadStore } from '#libs/read-store';
import { whileLeased } from './lease-keeper';
import { park, parkedCollection } from './parked-events';
import { PositionWaiters } from './position-waiters';
import type { Projection } from './projection';

/** As much of a logger as a projection needs. */
export interface ProjectionLogger {
  warn(event: string, fields: Readonly<Record<string, string | number | undefined>>): void;
}

export interface ProjectionParts {
  readonly projection: Projection;
  readonly events: EventStore;
  readonly reads: ReadStore;
  readonly logger: ProjectionLogger;
}

export interface ProjectionStatus {
  readonly name: string;
  readonly version: number;
  readonly state: 'standby' | 'catching-up' | 'live' | 'degraded' | 'stopped';
  /** All events up to here are in the read store. */
  readonly position: Position | null;
  /** Events put aside since the start, because they could not be applied. */
  readonly parked: number;
}

const BACK_OFF_MS_MIN = 50;
const BACK_OFF_MS_MAX = 5_000;
/** A position that changed nothing is worth a commit of its own only so often. */
const IDLE_CHECKPOINT_MS = 1_000;
/** How often a process without the lease looks how far the holder has come. */
const POLL_MS = 20;

/**
 * Keeps one projection up to date for as long as it runs: subscription, checkpoint, lease and guard are
 * written here once. Nest calls the two hooks; without Nest, call them yourself.
 */
export class RunningProjection {
  readonly #ending = new AbortController();
  readonly #waiters = new PositionWaiters();
  readonly #checkpoint: string;
  #state: ProjectionStatus['state'] = 'standby';
  #position: Position | null = null;
  #parked = 0;
  #storedAt = 0;
  #running: Promise<void> = Promise.resolve();

  constructor(private readonly parts: ProjectionParts) {
    const { name, version } = parts.projection;
    this.#checkpoint = `${name}.${version}`;
  }

  /** Prepares the collections and begins to follow the log in the background. */
  async onModuleInit(): Promise<void> {
    for (const spec of [...this.parts.projection.collections, parkedCollection]) {
      await this.parts.reads.ensureCollection(spec);
    }
    this.#running = this.#run();
  }

  async onApplicationShutdown(): Promise<void> {
    this.#ending.abort();
    await this.#running;
    this.#state = 'stopped';
  }

  status(): ProjectionStatus {
    const { name, version } = this.parts.projection;
    return { name, version, state: this.#state, position: this.#position, parked: this.#parked };
  }

  /** Resolves once everything up to `position` shows. Fails with CONSISTENCY_TIMEOUT after `timeoutMs`. */
  async waitFor(position: Position, timeoutMs: number): Promise<void> {
    if (comparePositions(position, this.#position) <= 0) return;
    const wasEmpty = this.#waiters.isEmpty;
    const waiting = this.#waiters.wait(position, timeoutMs);
    if (wasEmpty && this.#state === 'standby') void this.#pollWhileWaiting();
    await waiting;
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    let backOffMs = BACK_OFF_MS_MIN;
    while (!signal.aborted) {
      try {
        const lease = { name: this.#checkpoint, holder: newCommandId(), signal };
        await whileLeased(this.parts.reads, lease, async (fence, leased) => {
          await this.#follow(fence, leased, () => (backOffMs = BACK_OFF_MS_MIN));
        });
      } catch (error) {
        this.parts.logger.warn('projection interrupted, it will go on', {
          projection: this.parts.projection.name,
          error_code: isAppError(error) ? error.code : undefined,
        });
        await delay(backOffMs * (0.5 + (performance.now() % 1)), undefined, { signal }).catch(() => undefined);
        backOffMs = Math.min(backOffMs * 2, BACK_OFF_MS_MAX);
      }
      this.#state = 'standby';
    }
  }

  async #follow(fence: number, signal: AbortSignal, progressed: () => void): Promise<void> {
    const { events, projection, reads } = this.parts;
    const after = await reads.checkpoint(this.#checkpoint);
    this.#position = after;
    this.#state = 'catching-up';
    const { categories, types } = projection;
    for await (const batch of events.subscribe({ after, categories, types, signal })) {
      await this.#handle(batch, fence);
      progressed();
    }
    await this.#store([], fence);
  }

  async #handle(batch: Batch, fence: number): Promise<void> {
    const changes = batch.events.flatMap((event) => this.#apply(event));
    const previous = this.#position;
    this.#position = batch.position;
    const now = performance.now();
    try {
      if (changes.length > 0 || now - this.#storedAt > IDLE_CHECKPOINT_MS) await this.#store(changes, fence);
    } catch (error) {
      this.#position = previous;
      throw error;
    }
    if (batch.caughtUp) this.#state = this.#parked > 0 ? 'degraded' : 'live';
    this.#waiters.reached(this.#position);
  }

  async #store(changes: readonly Change[], fence: number): Promise<void> {
    if (this.#position === null) return;
    await this.parts.reads.project(this.#checkpoint, changes, this.#position, fence);
    this.#storedAt = performance.now();
  }

  /** `apply` is pure, so what it cannot do now it cannot do later: the event is put aside, the others flow. */
  #apply(event: RecordedEvent): readonly Change[] {
    const { logger, projection } = this.parts;
    try {
      return projection.apply(event);
    } catch (error) {
      this.#parked += 1;
      logger.warn('event parked', { projection: projection.name, position: event.position, event_type: event.type });
      return [park(projection, event, error)];
    }
  }

  /** Another process holds the lease: its progress is in the read store. */
  async #pollWhileWaiting(): Promise<void> {
    while (!this.#waiters.isEmpty && this.#state === 'standby' && !this.#ending.signal.aborted) {
      const position = await this.parts.reads.checkpoint(this.#checkpoint).catch(() => null);
      this.#waiters.reached(position);
      await delay(POLL_MS);
    }
  }
}
