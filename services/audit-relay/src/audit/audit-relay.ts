import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Batch, EventStore, RecordedEvent } from '#libs/event-store';
import { AUDIT_RELAY_CHECKPOINT } from '#libs/host';
import { AppError, isAppError, withDeadline, type ErrorCode, type Position } from '#libs/kernel';
import { errorFields, type Logger } from '#libs/observability';
import { whileLeased } from '#libs/projection';
import type { ReadStore } from '#libs/read-store';
import { toAuditMessage } from './audit-message';
import type { AuditMessage, AuditPublisher } from './audit-publisher';

interface AuditRelayParts {
  readonly logger: Logger;
  readonly events: EventStore;
  /** The read store of this service. */
  readonly reads: ReadStore;
  readonly publisher: AuditPublisher;
}

interface AuditRelayStatus {
  /** `standby`: another process relays. `retrying`: a store or a broker has failed, and nothing is lost. */
  readonly state: 'standby' | 'live' | 'retrying' | 'stopped';
  /** As far as this process knows, everything up to this position is published. */
  readonly position: Position | null;
  /** When the oldest event that is known to wait occurred; null when none waits. */
  readonly waitingSince: string | null;
  /** The number of messages since this process started. */
  readonly published: number;
  /** The number of events that were newer than this relay, and were not published. */
  readonly skipped: number;
  /** Why it retries. */
  readonly lastError: ErrorCode | null;
}

/**
 * Encoding a batch takes some 40 µs an event, during which all other work in the process waits. The limit also bounds
 * the memory: a batch contains the sealed values, at most some 5 MB.
 */
const BATCH_EVENTS_MAX = 100;
/** At the end of the log, events that come within this time share a send and a checkpoint. */
const GATHER_MS = 100;
/** A position without messages gets a checkpoint of its own only this often. */
const IDLE_CHECKPOINT_MS = 1_000;
const BACK_OFF_MS = { min: 200, max: 10_000 };
const STOP_TIMEOUT_MS = 5_000;
const SKIPPED_TYPES_MAX = 100;
/** The relay has no port for status requests, so it logs its status this often. */
const REPORT_MS = 600_000;

/**
 * Publishes the log as audit messages, each at least once, in log order for each key.
 *
 * One send is under way at a time, the checkpoint moves after the acknowledgement, and after any failure everything
 * since the checkpoint is sent again. So all messages before a send have been acknowledged, whichever relay sent them.
 * A send of unknown outcome that arrives late, or a relay that does not know yet that it lost the lease, can repeat
 * messages but never put a first copy out of order.
 */
export class AuditRelay {
  readonly #stopping = new AbortController();
  readonly #skippedTypes = new Set<string>();
  #running: Promise<void> = Promise.resolve();
  #reports: NodeJS.Timeout | undefined;
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

  /** Starts in the background and runs until `stop`. */
  start(): void {
    this.#running = this.#run();
    this.#reports = setInterval(() => this.#report(), REPORT_MS).unref();
  }

  /** Waits some seconds for the broker. The next start sends again what was not acknowledged by then. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#reports);
    await withDeadline(this.#running, STOP_TIMEOUT_MS, 'SERVICE_UNAVAILABLE').catch(() => undefined);
    this.#set({ state: 'stopped' });
    this.#report();
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
        // The lease is free during the pause, so a process that reaches the brokers may take over.
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
    // The subscription ends only when it is aborted, so anything else is a failure.
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

  /** An event that cannot be translated must not hold back all others. The log keeps it. Logged once per type. */
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

  /** With jitter, so that not all processes come back at the same moment. */
  #backOffMs(): number {
    const { min, max } = BACK_OFF_MS;
    return (Math.min(min * 2 ** this.#failures, max) * randomInt(500, 1_000)) / 1_000;
  }

  #report(): void {
    const { state, position, waitingSince, published, skipped, lastError } = this.#status;
    this.parts.logger.info('audit relay status', {
      state,
      position: position ?? undefined,
      waiting_since: waitingSince ?? undefined,
      published,
      skipped,
      error_code: lastError ?? undefined,
    });
  }

  #set(change: Partial<AuditRelayStatus>): void {
    this.#status = { ...this.#status, ...change };
  }
}
