import { setImmediate as nextTurn } from 'node:timers/promises';
import { comparePositions, type Position } from '#libs/kernel';
import type { Batch, EventStore, LogSection, RecordedEvent, SubscribeRequest } from './event-store';
import { readAhead } from './read-ahead';
import { isWanted } from './wanted-events';

interface Listener {
  /** From here on every event is told; whatever was known before may have missed some. */
  began(): void;
  /** Each event once, in log order. */
  note(event: RecordedEvent): void;
}

type Log = Pick<EventStore, 'subscribe' | 'head' | 'holdsNone'>;

const EVERYTHING = { categories: [], types: [] } as const;
/** An event that was in the log when its head was read is on its way; longer than that, and it is one of the server's own. */
const ARRIVAL_MS = 50;

/**
 * Follows the log along with a subscription that is there anyway, and can tell whether all that is in the log has been
 * heard: the head, asked for once for everybody who wants to know, says the same as a look at each single stream.
 */
export class FollowedLog implements Log {
  readonly #listeners: Listener[] = [];
  /** The question that whoever asks now takes part in; it goes out when the one before is answered. */
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

  /** For one consumer at a time: the last one's subscription is what is followed, all categories and types of it. */
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
   * True when every event that was in the log when this was called has been told to the listeners.
   * False when it is not known, or not soon: ask the log itself then.
   */
  async isCurrent(): Promise<boolean> {
    return this.isFollowing && (this.#question ??= this.#ask());
  }

  /** False from the moment on that the listeners hear late, or nothing any more. */
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
    // From here on the head may lie behind what somebody has seen.
    this.#question = undefined;
    const answer = this.#catchesUp();
    this.#answering = answer.catch(() => undefined);
    return answer;
  }

  async #catchesUp(): Promise<boolean> {
    const followed = this.#followed;
    const head = await this.log.head();
    const hasReached = head !== null && ((await this.#arrival(head)) || (await this.#passesOver(head)));
    // Another subscription may have begun meanwhile, and who listens has forgotten what it knew.
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

  /** What moved the head may be something that is not followed, and of which nobody will tell. */
  async #passesOver(head: Position): Promise<boolean> {
    const followed = this.#followed;
    const isEmpty = await this.log.holdsNone({ ...EVERYTHING, after: this.#position, upTo: head });
    if (isEmpty && this.#followed === followed) this.#reached(head);
    return isEmpty;
  }
}
