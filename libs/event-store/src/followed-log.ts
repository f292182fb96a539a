import { setImmediate as nextTurn } from 'node:timers/promises';
import { comparePositions, type Position } from '#libs/kernel';
import type { Batch, EventStore, LogSection, RecordedEvent, SubscribeRequest } from './event-store';
import { readAhead } from './read-ahead';
import { isWanted } from './wanted-events';

interface Listener {
  /** From now on each event is told. What the listener knew before may lack some. */
  began(): void;
  /** Called once for each event, in log order. */
  note(event: RecordedEvent): void;
}

type Log = Pick<EventStore, 'subscribe' | 'head' | 'holdsNone'>;

const EVERYTHING = { categories: [], types: [] } as const;
/** Events arrive within this time. An event that does not is probably the server's own, which never arrives. */
const ARRIVAL_MS = 50;

/**
 * Follows the log with a subscription that exists anyway, and tells whether all events in the log have arrived
 * (ADR 19). One request for the head of the log answers all callers that ask at the same time. It proves as much as a
 * read of each single stream would.
 */
export class FollowedLog implements Log {
  readonly #listeners: Listener[] = [];
  /** The request for the head that the next caller shares. It is sent when the one before is answered. */
  #question: Promise<boolean> | undefined;
  #answering: Promise<unknown> = Promise.resolve();
  /** The subscription that is followed. */
  #followed: SubscribeRequest | undefined;
  #position: Position | null = null;
  #isLive = false;
  #isHalted = false;
  #wake: () => void = () => undefined;

  constructor(private readonly log: Log) {}

  listen(listener: Listener): void {
    this.#listeners.push(listener);
  }

  /** Subscribes for one consumer at a time. The latest subscription is followed, with all categories and types. */
  async *subscribe(request: SubscribeRequest): AsyncGenerator<Batch> {
    const left = new AbortController();
    const signal = AbortSignal.any([request.signal, left.signal]);
    this.#begin(request);
    const all = this.log.subscribe({ ...request, ...EVERYTHING, signal });
    const ahead = readAhead(all, {
      arrived: (batch) => this.#heard(request, batch),
      halted: (isHalted) => (this.#isHalted = isHalted),
    });
    try {
      for await (const batch of ahead)
        yield { ...batch, events: batch.events.filter((event) => isWanted(request, event)) };
    } finally {
      left.abort();
      if (this.#followed === request) this.#followed = undefined;
    }
  }

  head(): Promise<Position | null> {
    return this.log.head();
  }

  holdsNone(section: LogSection): Promise<boolean> {
    return this.log.holdsNone(section);
  }

  /**
   * True when every event that was in the log at the time of the call has been told to the listeners. False when that
   * is uncertain or would take long; ask the log itself then. Fails as `head` does.
   */
  async isCurrent(): Promise<boolean> {
    return this.isFollowing && (this.#question ??= this.#ask());
  }

  /** False as soon as events reach the listeners late or no longer. */
  get isFollowing(): boolean {
    return this.#followed !== undefined && this.#isLive && !this.#isHalted;
  }

  #begin(request: SubscribeRequest): void {
    this.#followed = request;
    this.#position = request.after;
    this.#isLive = false;
    this.#isHalted = false;
    for (const listener of this.#listeners) listener.began();
  }

  #heard(request: SubscribeRequest, { events, position, caughtUp }: Batch): void {
    if (this.#followed !== request) return;
    for (const event of events) for (const listener of this.#listeners) listener.note(event);
    this.#isLive ||= caughtUp;
    this.#reached(position);
  }

  #reached(position: Position): void {
    if (comparePositions(position, this.#position) > 0) this.#position = position;
    this.#wake();
  }

  async #ask(): Promise<boolean> {
    await Promise.all([this.#answering, nextTurn()]);
    // The head that is read now may lack events that a later caller has seen, so later callers share the next request.
    this.#question = undefined;
    const answer = this.#catchesUp();
    this.#answering = answer.catch(() => undefined);
    return answer;
  }

  async #catchesUp(): Promise<boolean> {
    const followed = this.#followed;
    const head = await this.log.head();
    const hasReached = head !== null && ((await this.#arrival(head)) || (await this.#passesOver(head)));
    // When another subscription began meanwhile, the listeners have forgotten what they knew.
    return hasReached && this.isFollowing && this.#followed === followed;
  }

  async #arrival(head: Position): Promise<boolean> {
    const has = () => comparePositions(head, this.#position) <= 0;
    const until = performance.now() + ARRIVAL_MS;
    for (let left = ARRIVAL_MS; !has() && left > 0; left = until - performance.now()) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return has();
  }

  /** The head may be an event that no subscription delivers, so this asks the log itself. */
  async #passesOver(head: Position): Promise<boolean> {
    const followed = this.#followed;
    const isEmpty = await this.log.holdsNone({ ...EVERYTHING, after: this.#position, upTo: head });
    if (isEmpty && this.#followed === followed) this.#reached(head);
    return isEmpty;
  }
}
