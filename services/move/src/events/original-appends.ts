import type { RecordedEvent } from '#libs/event-store';
import { uuidV5 } from '#libs/kernel';
import { canonicalJson } from '../comparison/canonical-json';
import { moveRefused } from '../move-refused';

/** The events that one append wrote, or those of them that have not aged out. */
export interface OriginalAppend {
  readonly events: readonly [RecordedEvent, ...RecordedEvent[]];
  /** Index of the first of these events within the append. */
  readonly firstIndex: number;
}

/** More events than an append of at most 1 MiB can hold, since each has an id and metadata. */
const APPEND_EVENTS_MAX = 10_000;

/**
 * Finds the original appends in a log. An event's id is made of its stream, its command and its index within the
 * append. So the ids show where an append begins and ends, and an append that is written again gives its events the
 * same ids.
 */
export class OriginalAppends {
  #events: [RecordedEvent, ...RecordedEvent[]] | undefined;
  #firstIndex = 0;

  /**
   * Takes the next event of the log. Gives the previous append when this event begins a new one. Fails with
   * MOVE_REFUSED if the event's id is not made in this way.
   */
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

  /** Gives the append whose events were taken last. */
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
  // A command's second append to the same stream begins at index 0 again, so it is not taken for a part of the first.
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
