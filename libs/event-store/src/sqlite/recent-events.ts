import type { RecordedEvent } from '../event-store';

/** Counts the ciphertext too. Some 150 events with the largest values fit. */
const CHARACTERS_MAX = 8 * 1024 * 1024;
const EVENTS_MAX = 5_000;

interface Recent {
  readonly position: number;
  readonly event: RecordedEvent;
  readonly characters: number;
}

/**
 * The latest events that this process has written, without a gap. Subscribers that are close to the end of the log take
 * events from here and need not read the file.
 */
export class RecentEvents {
  #recent: Recent[] = [];
  #characters = 0;

  /** Adds an event that has just been committed. After a gap in the positions, only the new event is kept. */
  add(event: RecordedEvent, characters: number): void {
    const position = Number(event.position);
    const last = this.#recent.at(-1);
    if (last && position !== last.position + 1) {
      this.#recent = [];
      this.#characters = 0;
    }
    this.#recent.push({ position, event, characters });
    this.#characters += characters;
    if (this.#recent.length > EVENTS_MAX || this.#characters > CHARACTERS_MAX) this.#forgetHalf();
  }

  /** Gives the events after `position`, at most `limit`; undefined when some may be missing. */
  after(position: number, limit: number): readonly RecordedEvent[] | undefined {
    const first = this.#recent[0];
    if (!first || position < first.position - 1) return undefined;
    const from = position + 1 - first.position;
    return this.#recent.slice(from, from + limit).map(({ event }) => event);
  }

  #forgetHalf(): void {
    this.#recent = this.#recent.slice(Math.ceil(this.#recent.length / 2));
    this.#characters = this.#recent.reduce((sum, { characters }) => sum + characters, 0);
  }
}
