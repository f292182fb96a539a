import type { RecordedEvent } from '#libs/event-store';
import { uuidV5 } from '#libs/kernel';
import { canonicalJson } from '../comparison/canonical-json';
import { moveRefused } from '../move-refused';

/** Events that were written by one append, or what is left of them. */
export interface OriginalAppend {
  readonly events: readonly [RecordedEvent, ...RecordedEvent[]];
  /** Place of the first of them in the append. */
  readonly firstIndex: number;
}

/** More than a megabyte of events, each with its metadata, can be. */
const APPEND_EVENTS_MAX = 10_000;

/**
 * Finds the appends in a log. An event's id is made of its stream, its command and its place in the append, so
 * the ids tell where an append begins and ends, and written again in the same way they come out the same.
 */
export class OriginalAppends {
  #events: [RecordedEvent, ...RecordedEvent[]] | undefined;
  #firstIndex = 0;

  /** Takes the next event of the log; gives the append that ended before it. Fails with MOVE_REFUSED. */
  add(event: RecordedEvent): OriginalAppend | undefined {
    if (this.#events && isNext(this.#events, this.#firstIndex, event)) {
      this.#events.push(event);
      return undefined;
    }
    const ended = this.end();
    this.#firstIndex = indexOf(event);
    this.#events = [event];
    return ended;
  }

  /** Gives the last append. */
  end(): OriginalAppend | undefined {
    const ended = this.#events && { events: this.#events, firstIndex: this.#firstIndex };
    this.#events = undefined;
    return ended;
  }
}

function isNext(
  events: readonly [RecordedEvent, ...RecordedEvent[]],
  firstIndex: number,
  event: RecordedEvent,
): boolean {
  const [first] = events;
  // Two appends of one command to one stream both begin at 0, so that the second is not taken for more of the first.
  if (event.stream !== first.stream || event.id !== idAt(first, firstIndex + events.length)) return false;
  return canonicalJson(event.metadata) === canonicalJson(first.metadata);
}

function indexOf(event: RecordedEvent): number {
  for (let index = 0; index < APPEND_EVENTS_MAX; index += 1)
    if (event.id === idAt(event, index)) return index;
  throw moveRefused(
    `Event ${event.id} of ${event.stream} has an id that its command did not give it: it was not written by hklst.`,
  );
}

function idAt({ stream, metadata }: RecordedEvent, index: number): string {
  return uuidV5(stream, metadata.commandId, index);
}
