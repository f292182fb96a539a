import type { RecordedEvent } from '#libs/event-store';
import { comparePositions, entriesAtMost, type Position } from '#libs/kernel';
import { LRUCache } from 'lru-cache';

const ORGANIZATIONS_MAX = 10_000;

/** The position of the last event of each organization that a projection has applied. */
export class LastChanges {
  readonly #last = new LRUCache<string, Position>({
    ...entriesAtMost(ORGANIZATIONS_MAX),
    dispose: (position, _orgId, reason) => {
      if (reason === 'evict' && comparePositions(position, this.#others) > 0) this.#others = position;
    },
  });
  /** For organizations that are not remembered. Forgetting one makes all of these look changed. Only grows. */
  #others: Position = '0';

  /** Forgets everything: the projection goes on behind `position`. */
  beginAt(position: Position): void {
    this.#last.clear();
    this.#others = position;
  }

  note({ metadata, position }: RecordedEvent): void {
    this.#last.set(metadata.orgId, position);
  }

  stateOf(orgId: string): string {
    return this.#last.get(orgId) ?? this.#others;
  }
}
