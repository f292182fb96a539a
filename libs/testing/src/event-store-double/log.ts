import { randomUUID } from 'node:crypto';
import type { Journal } from './journal';
import type { ProposedEvent, StoredEvent } from './stored-event';

interface Limits {
  readonly maxAge?: number | undefined;
  readonly maxCount?: number | undefined;
  readonly truncateBefore?: number | undefined;
}

/** How many of the latest event ids an append at any revision recognises. The real server has such a limit, too. */
const RECENT_MAX = 100_000;

/** The data of the server: the log, its streams, and the limits in their `$$` streams, which hide events. */
export class Log {
  #all: StoredEvent[] = [];
  readonly #streams = new Map<string, StoredEvent[]>();
  readonly #recent = new Map<string, StoredEvent>();
  readonly #waiting = new Set<() => void>();
  // The real server's own records come first, so its first event is not at position 0 either.
  #end = 1000;

  constructor(
    private readonly journal: Journal | undefined,
    private readonly now: () => number,
  ) {
    for (const event of journal?.load() ?? []) this.#index(event);
  }

  get length(): number {
    return this.#all.length;
  }

  at(index: number): StoredEvent | undefined {
    return this.#all[index];
  }

  /** Index in the log of the first event at or after `position`. */
  indexOf(position: number): number {
    let low = 0;
    let high = this.#all.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#at(middle).position < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** All events ever written to the stream, hidden ones included. */
  events(stream: string): readonly StoredEvent[] {
    return this.#streams.get(stream) ?? [];
  }

  /** -1 when nothing was ever written. */
  lastRevision(stream: string): number {
    return this.events(stream).length - 1;
  }

  recent(id: string): StoredEvent | undefined {
    return this.#recent.get(id);
  }

  /** The events that a reader of the stream gets. As on the real server, a limit hides events at once. */
  visible(stream: string): readonly StoredEvent[] {
    const events = this.events(stream);
    const { maxAge, maxCount, truncateBefore } = this.#limits(stream);
    const first = Math.max(truncateBefore ?? 0, maxCount ? events.length - maxCount : 0);
    const oldest = maxAge === undefined ? -Infinity : this.now() - maxAge * 1000;
    if (first === 0 && oldest === -Infinity) return events;
    return events.slice(first).filter((event) => event.created >= oldest);
  }

  /** Appends without checking the expected revision. */
  write(stream: string, proposed: readonly ProposedEvent[]): StoredEvent[] {
    const created = this.now();
    const written = proposed.map((event) => {
      const stored = {
        ...event,
        stream,
        revision: this.lastRevision(stream) + 1,
        position: this.#end,
        created,
      };
      this.journal?.write(stored);
      this.#index(stored);
      return stored;
    });
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
    return written;
  }

  /** Calls back when everything written so far is on disk; without a journal, at once. */
  durable(callback: () => void): void {
    if (this.journal) this.journal.flushed(callback);
    else callback();
  }

  /** Runs `wake` once, after the next write. Gives a function that cancels this. */
  onceWritten(wake: () => void): () => void {
    this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }

  /** Removes hidden events from the log and appends an event about it. No subscription may be open: indexes change. */
  scavenge(): void {
    const visible = new Map(
      [...this.#streams.keys()].map((stream) => [stream, new Set(this.visible(stream))]),
    );
    this.#all = this.#all.filter((event) => visible.get(event.stream)?.has(event));
    const none = new Uint8Array();
    const id = randomUUID();
    this.write('$scavenges', [
      { id, type: '$scavengePoint', contentType: 'application/json', data: none, metadata: none },
    ]);
  }

  metadata(stream: string): Record<string, unknown> {
    const last = this.events(`$$${stream}`).at(-1);
    try {
      return last ? (JSON.parse(Buffer.from(last.data).toString('utf8')) as Record<string, unknown>) : {};
    } catch {
      return {};
    }
  }

  close(): void {
    this.journal?.close();
  }

  #limits(stream: string): Limits {
    if (!this.#streams.has(`$$${stream}`)) return {};
    const { $maxAge, $maxCount, $tb } = this.metadata(stream);
    const whole = (value: unknown) => (typeof value === 'number' ? value : undefined);
    return { maxAge: whole($maxAge), maxCount: whole($maxCount), truncateBefore: whole($tb) };
  }

  #index(event: StoredEvent): void {
    this.#all.push(event);
    const events = this.#streams.get(event.stream);
    if (events) events.push(event);
    else this.#streams.set(event.stream, [event]);
    this.#recent.set(event.id, event);
    const oldest = this.#recent.size > RECENT_MAX ? this.#recent.keys().next().value : undefined;
    if (oldest !== undefined) this.#recent.delete(oldest);
    this.#end = endOf(event);
  }

  #at(index: number): StoredEvent {
    const event = this.#all[index];
    if (!event) throw new RangeError('index outside the log');
    return event;
  }
}

/** Gives the position after an event. Positions differ by more than one, because the real server's are byte offsets. */
export function endOf(event: StoredEvent): number {
  return event.position + event.data.length + event.metadata.length + 100;
}
