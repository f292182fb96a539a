import type { RecordedEvent } from '../event-store';

/** Ciphertext included: a batch of the largest secrets stays within it. */
const CHARACTERS_MAX = 8 * 1024 * 1024;
const EVENTS_MAX = 5_000;

interface Recent {
  readonly position: number;
  readonly event: RecordedEvent;
  readonly characters: number;
}

/**
 * The end of the log as this process has written it, without a gap: followers that are close behind take their
 * events from here and leave the file alone.
 */
export class RecentEvents {
  #recent: Recent[] = [];
  #characters = 0;

  /** Takes an event that has just been committed. After one that it was not told of it begins anew. */
  add(event: RecordedEvent, characters: number): void {
    const position = Number(event.position);
    const last = this.#recent.at(-1);
    if (last && position !== last.position + 1) this.#clear();
    this.#recent.push({ position, event, characters });
    this.#characters += characters;
    if (this.#recent.length > EVENTS_MAX || this.#characters > CHARACTERS_MAX) this.#forgetHalf();
  }

  /** All events after `position` up to the last one added, at most `limit`; undefined when some may be missing. */
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

  #clear(): void {
    this.#recent = [];
    this.#characters = 0;
  }
}
