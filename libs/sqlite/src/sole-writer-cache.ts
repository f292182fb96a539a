import { entriesAtMost, isAppError } from '#libs/kernel';
import { LRUCache } from 'lru-cache';

/**
 * Caches what was read from a file whose only writer is this process, so an entry is valid until this process changes
 * it. An entry that a write under way may change is neither given out nor kept (ADR 3).
 */
export class SoleWriterCache<V extends object | number> {
  readonly #entries: LRUCache<string, V>;
  /** The number of writes under way for each key. */
  readonly #writing = new Map<string, number>();
  /** True after a write that was given up and may still happen, until the writer answers again. */
  #unsure = false;

  constructor(entriesMax: number) {
    this.#entries = new LRUCache(entriesAtMost(entriesMax));
  }

  get(key: string): V | undefined {
    return this.#unsure ? undefined : this.#entries.get(key);
  }

  /** Keeps a value that was read just now, in the same turn of the event loop. */
  keep(key: string, value: V): void {
    if (!this.#writing.has(key)) this.#entries.set(key, value);
  }

  /** Runs a write that changes the values of `keys`. Settles like `write`. */
  async whileWriting<T>(keys: readonly string[], write: () => Promise<T>): Promise<T> {
    for (const key of keys) {
      this.#entries.delete(key);
      this.#writing.set(key, (this.#writing.get(key) ?? 0) + 1);
    }
    try {
      const result = await write();
      this.settled();
      return result;
    } catch (error) {
      this.#unsure ||= isAppError(error, 'STORE_UNAVAILABLE');
      throw error;
    } finally {
      for (const key of keys) {
        const others = (this.#writing.get(key) ?? 1) - 1;
        if (others > 0) this.#writing.set(key, others);
        else this.#writing.delete(key);
      }
    }
  }

  /** Called when the writer has answered: all earlier writes are in the file or never will be. */
  settled(): void {
    if (!this.#unsure) return;
    this.#entries.clear();
    this.#unsure = false;
  }
}
