import { setImmediate as nextTurn } from 'node:timers/promises';
import { AppError } from '#libs/kernel';

interface Member<T, R> {
  readonly item: T;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

const GROUP_MAX = 500;
const WAITING_MAX = 10_000;

/**
 * Makes one call to a server for many items, because a call costs the same for one item as for many. Items that arrive
 * during a call go out together in the next one, so no answer is older than its question. Each caller gets the result
 * of its own item.
 */
export class GroupedCalls<T, R> {
  readonly #waiting: Member<T, R>[] = [];
  #isDraining = false;

  /** `call` gives the results in the order of the items. When it fails, all items of the call fail. */
  constructor(private readonly call: (items: readonly T[]) => Promise<readonly R[]>) {}

  /** Settles like the call for this item. Rejects with STORE_UNAVAILABLE when too many items are waiting. */
  run(item: T): Promise<R> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length >= WAITING_MAX) return reject(new AppError('STORE_UNAVAILABLE'));
      this.#waiting.push({ item, resolve, reject });
      if (!this.#isDraining) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#isDraining = true;
    // Items of this turn of the event loop already go out together.
    await nextTurn();
    while (this.#waiting.length > 0) await this.#together(this.#waiting.splice(0, GROUP_MAX));
    this.#isDraining = false;
  }

  async #together(members: readonly Member<T, R>[]): Promise<void> {
    try {
      const results = await this.call(members.map(({ item }) => item));
      members.forEach(({ resolve }, index) => resolve(results[index] as R));
    } catch (error) {
      for (const { reject } of members) reject(error);
      // When the server is away, the waiting items fail now instead of after one more timeout for each call.
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    }
  }
}
