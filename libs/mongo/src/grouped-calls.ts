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
 * One call to a server for many items: a call costs the same whatever it carries. What arrives while one is under way
 * goes out as one call afterwards, so no answer is older than its question, and each caller gets the result of its own item.
 */
export class GroupedCalls<T, R> {
  readonly #waiting: Member<T, R>[] = [];
  #isDraining = false;

  /** `call` gives the results in the order of the items. When it fails, it has failed for all of them. */
  constructor(private readonly call: (items: readonly T[]) => Promise<readonly R[]>) {}

  /** Rejects with STORE_UNAVAILABLE when too many wait already. */
  run(item: T): Promise<R> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length >= WAITING_MAX) return reject(new AppError('STORE_UNAVAILABLE'));
      this.#waiting.push({ item, resolve, reject });
      if (!this.#isDraining) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#isDraining = true;
    // The requests of this turn of the event loop ride together already.
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
      // When the server is away, those behind learn it now instead of one timeout after the other.
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    }
  }
}
