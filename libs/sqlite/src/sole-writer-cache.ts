import { entriesAtMost, isAppError } from '#libs/kernel';
import { LRUCache } from 'lru-cache';

/**
 * Remembers what was read from a file whose only writer is this process: what it has not changed has not
 * changed. An entry that a write under way may change is neither given out nor kept.
 */
export class SoleWriterCache<V extends object | number> {
  readonly #entries: LRUCache<string, V>;
  /** Writes under way by key. */
  readonly #writing = new Map<string, number>();
  /** A write was given up and may still happen; the next one that is answered settles it. */
  #unsure = false;

  constructor(entriesMax: number) {
    this.#entries = new LRUCache(entriesAtMost(entriesMax));
  }

  get(key: string): V | undefined {
    return this.#unsure ? undefined : this.#entries.get(key);
  }

  /** Remembers what was read just now: between the read and this call nobody else may have had a turn. */
  keep(key: string, value: V): void {
    if (!this.#writing.has(key)) this.#entries.set(key, value);
  }

  /** Runs a write that changes what is behind `keys`. Settles like `write`. */
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

  /** The writer has answered: what was given to it before is in the file or never will be. */
  settled(): void {
    if (!this.#unsure) return;
    this.#entries.clear();
    this.#unsure = false;
  }
}
