import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { OnApplicationBootstrap, OnApplicationShutdown } from '@nestjs/common';
import type { Batch, EventStore, Position, RecordedEvent } from '#libs/event-store';
import { AUDIT_RELAY_CHECKPOINT } from '#libs/host';
import { AppError, isAppError, withDeadline, type ErrorCode } from '#libs/kernel';
import { errorFields, type Logger } from '#libs/observability';
import { whileLeased } from '#libs/projection';
import type { ReadStore } from '#libs/read-store';
import { toAuditMessage } from './audit-message';
import type { AuditMessage, AuditPublisher } from './audit-publisher';

export interface AuditRelayParts {
  readonly logger: Logger;
  readonly events: EventStore;
  /** This service's own. */
  readonly reads: ReadStore;
  readonly publisher: AuditPublisher;
}

export interface AuditRelayStatus {
  /** `standby`: another process relays. `retrying`: something is away, and nothing is lost. */
  readonly state: 'standby' | 'live' | 'retrying' | 'stopped';
  /** Everything up to here is published, as far as this process knows. */
  readonly position: Position | null;
  /** When the oldest event that is known to wait happened; null when none does. */
  readonly waitingSince: string | null;
  /** Messages since the start of this process. */
  readonly published: number;
  /** Events that were newer than this relay and stayed in the log alone. */
  readonly skipped: number;
  /** Why it retries. */
  readonly lastError: ErrorCode | null;
}

/**
 * A send is encoded in one go, some 40 µs an event, and whoever shares the process waits. It bounds the memory as
 * well: sealed values come along, some 5 MB at the very most.
 */
const BATCH_EVENTS_MAX = 100;
/** At the end of the log events come one by one: those of such a while share a send and a checkpoint. */
const GATHER_MS = 100;
/** A position that published nothing is worth a commit of its own only so often. */
const IDLE_CHECKPOINT_MS = 1_000;
const BACK_OFF_MS = { min: 200, max: 10_000 };
const STOP_TIMEOUT_MS = 5_000;
const SKIPPED_TYPES_MAX = 100;

/**
 * Publishes the log as audit messages, each at least once, in log order per key.
 *
 * The checkpoint follows the acknowledgement, one send is under way at a time, and after any failure everything
 * since the checkpoint is sent again. So whatever a relay sends, all before it has been acknowledged, be it its
 * own or another's: a send of unknown outcome that lands late, or a relay that does not know yet that it lost
 * the lease, can repeat messages but never put a first copy out of order.
 */
export class AuditRelay implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #stopping = new AbortController();
  readonly #skippedTypes = new Set<string>();
  #running: Promise<void> = Promise.resolve();
  #failures = 0;
  #status: AuditRelayStatus = {
    state: 'standby',
    position: null,
    waitingSince: null,
    published: 0,
    skipped: 0,
    lastError: null,
  };

  constructor(private readonly parts: AuditRelayParts) {}

  onApplicationBootstrap(): void {
    this.#running = this.#run();
  }

  /** What the broker does not answer in time is left to the next start. */
  async onApplicationShutdown(): Promise<void> {
    this.#stopping.abort();
    await withDeadline(this.#running, STOP_TIMEOUT_MS, 'SERVICE_UNAVAILABLE').catch(() => undefined);
    this.#set({ state: 'stopped' });
  }

  status(): AuditRelayStatus {
    return this.#status;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        const standBy = () => this.#set({ state: 'standby' });
        const lease = { name: AUDIT_RELAY_CHECKPOINT, holder: randomUUID(), signal, standBy };
        await whileLeased(this.parts.reads, lease, (fence, leased) => this.#relay(fence, leased));
      } catch (error) {
        // The lease is free meanwhile: a process that reaches the brokers may take over.
        this.#failed(error);
        await delay(this.#backOffMs(), undefined, { signal }).catch(() => undefined);
      }
    }
  }

  async #relay(fence: number, signal: AbortSignal): Promise<void> {
    const { events, publisher, reads } = this.parts;
    this.#set({ state: this.#failures > 0 ? 'retrying' : 'live' });
    const after = await reads.checkpoint(AUDIT_RELAY_CHECKPOINT);
    this.#set({ position: after });
    let topicIsThere = false;
    let storedAt = 0;
    const log = events.subscribe({ after, categories: [], types: [], signal, batchMax: BATCH_EVENTS_MAX });
    for await (const batch of log) {
      const { messages, skipped } = this.#translate(batch);
      if (!topicIsThere) await publisher.ensureTopic();
      topicIsThere = true;
      if (messages.length > 0) await publisher.publish(messages);
      const isDue = messages.length > 0 || performance.now() - storedAt > IDLE_CHECKPOINT_MS;
      if (isDue) {
        await reads.project(AUDIT_RELAY_CHECKPOINT, [], batch.position, fence);
        storedAt = performance.now();
      }
      this.#succeeded(batch, { published: messages.length, skipped });
      if (batch.caughtUp) await delay(GATHER_MS, undefined, { signal }).catch(() => undefined);
    }
    // The log ends for nobody but the one who stops.
    if (!signal.aborted) throw new AppError('STORE_UNAVAILABLE');
  }

  #translate({ events }: Batch): { messages: AuditMessage[]; skipped: number } {
    const [first] = events;
    if (first) this.#set({ waitingSince: first.metadata.occurredAt });
    let skipped = 0;
    const messages = events.flatMap((event) => {
      try {
        return toAuditMessage(event) ?? [];
      } catch (error) {
        skipped += 1;
        this.#reportSkipped(event, error);
        return [];
      }
    });
    return { messages, skipped };
  }

  /** One event that cannot be told must not keep back all others; the log keeps it. Said once per type. */
  #reportSkipped({ type, id }: RecordedEvent, error: unknown): void {
    if (this.#skippedTypes.has(type) || this.#skippedTypes.size >= SKIPPED_TYPES_MAX) return;
    this.#skippedTypes.add(type);
    const fields = { ...errorFields(error), event_type: type, event_id: id };
    this.parts.logger.error('audit relay skips an event type', fields);
  }

  #succeeded({ position, caughtUp }: Batch, counts: { published: number; skipped: number }): void {
    if (this.#failures > 0) this.parts.logger.info('audit relay goes on', { attempt: this.#failures });
    this.#failures = 0;
    this.#set({
      state: 'live',
      position,
      published: this.#status.published + counts.published,
      skipped: this.#status.skipped + counts.skipped,
      lastError: null,
      ...(caughtUp && { waitingSince: null }),
    });
  }

  #failed(error: unknown): void {
    if (this.#stopping.signal.aborted) return;
    this.#failures += 1;
    this.#set({ state: 'retrying', lastError: isAppError(error) ? error.code : 'INTERNAL_ERROR' });
    const fields = { ...errorFields(error), attempt: this.#failures };
    this.parts.logger.warn('audit relay interrupted, it will go on', fields);
  }

  /** With jitter, so that not all come back at the same moment. */
  #backOffMs(): number {
    const { min, max } = BACK_OFF_MS;
    return (Math.min(min * 2 ** this.#failures, max) * randomInt(500, 1_000)) / 1_000;
  }

  #set(change: Partial<AuditRelayStatus>): void {
    this.#status = { ...this.#status, ...change };
  }
}
