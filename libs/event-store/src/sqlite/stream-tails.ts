import { LRUCache } from 'lru-cache';
import { isAppError } from '#libs/kernel';

const STREAMS_MAX = 10_000;

/**
 * Where streams end, as far as this process knows: it is the log's only writer, so what it has not appended is
 * not there. It saves the question for what came since the last read of a stream, which is mostly nothing.
 */
export class StreamTails {
  readonly #last = new LRUCache<string, number>({ max: STREAMS_MAX });
  /** Appends under way by stream: until they have ended, nobody knows where it does. */
  readonly #writing = new Map<string, number>();
  /** An append was given up and may still be written; what is written after it settles it. */
  #unsure = false;

  /** True when no event of the stream has the revision `from` or a later one. */
  endsBefore(stream: string, from: number): boolean {
    const last = this.#last.get(stream);
    return last !== undefined && last < from && !this.#unsure;
  }

  /** Notes that a read of the stream, just now, found nothing after `last`. */
  learn(stream: string, last: number): void {
    if (!this.#unsure && !this.#writing.has(stream)) this.#last.set(stream, last);
  }

  async whileWriting<T>(stream: string, append: () => Promise<T>): Promise<T> {
    this.#last.delete(stream);
    this.#writing.set(stream, (this.#writing.get(stream) ?? 0) + 1);
    try {
      const outcome = await append();
      this.settled();
      return outcome;
    } catch (error) {
      this.#unsure ||= isAppError(error, 'STORE_UNAVAILABLE');
      throw error;
    } finally {
      const others = (this.#writing.get(stream) ?? 1) - 1;
      if (others > 0) this.#writing.set(stream, others);
      else this.#writing.delete(stream);
    }
  }

  /** The writer has answered: all that was given to it before is in the log or never will be. */
  settled(): void {
    if (!this.#unsure) return;
    this.#last.clear();
    this.#unsure = false;
  }
}
