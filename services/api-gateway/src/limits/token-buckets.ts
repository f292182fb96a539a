import { entriesAtMost } from '#libs/kernel';
import { LRUCache } from 'lru-cache';

/** Beyond so many, those not seen for longest are forgotten, which gives them a full bucket again. */
const KEYS_MAX = 20_000;

interface Bucket {
  /** When it will be full again: the further ahead, the less is left. */
  fullAt: number;
}

export interface Budget {
  /** So many at once. */
  readonly burst: number;
  readonly perSecond: number;
  /** Milliseconds that only grow. */
  readonly now: () => number;
}

/** A budget for each key, exact to the single request: a full bucket at first, refilled evenly. */
export class TokenBuckets {
  readonly #buckets = new LRUCache<string, Bucket>(entriesAtMost(KEYS_MAX));
  readonly #msPerToken: number;
  readonly #msWhenEmpty: number;
  readonly #now: () => number;

  constructor({ burst, perSecond, now }: Budget) {
    this.#msPerToken = 1_000 / perSecond;
    this.#msWhenEmpty = burst * this.#msPerToken;
    this.#now = now;
  }

  /** Takes a token and gives 0; without one left it takes nothing, and gives the milliseconds until there is one. */
  take(key: string): number {
    const now = this.#now();
    const bucket = this.#buckets.get(key);
    const fullAt = (bucket && bucket.fullAt > now ? bucket.fullAt : now) + this.#msPerToken;
    const missing = fullAt - now - this.#msWhenEmpty;
    // What is missing to a millionth is an error of the arithmetic.
    if (missing > 1e-6) return missing;
    if (bucket) bucket.fullAt = fullAt;
    else this.#buckets.set(key, { fullAt });
    return 0;
  }

  /** Undoes a `take` that gave 0. */
  giveBack(key: string): void {
    const bucket = this.#buckets.get(key);
    if (bucket) bucket.fullAt -= this.#msPerToken;
  }
}
