import { entriesAtMost } from '#libs/kernel';
import { LRUCache } from 'lru-cache';

/** Beyond this many keys, the one that was not seen for longest is forgotten. It then has a full bucket again. */
const KEYS_MAX = 20_000;

interface Bucket {
  /** When the bucket will be full again. The later that is, the fewer tokens are left. */
  fullAt: number;
}

export interface Budget {
  /** This many tokens can be taken at once. */
  readonly burst: number;
  readonly perSecond: number;
  /** Milliseconds that only grow. */
  readonly now: () => number;
}

/** Keeps a budget for each key, exact to the single request. A bucket begins full and refills evenly. */
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

  /** Takes a token and gives 0. When none is left it takes nothing, and gives the milliseconds until there is one. */
  take(key: string): number {
    const now = this.#now();
    const bucket = this.#buckets.get(key);
    const fullAt = (bucket && bucket.fullAt > now ? bucket.fullAt : now) + this.#msPerToken;
    const missing = fullAt - now - this.#msWhenEmpty;
    // Less than a millionth is an error of the arithmetic.
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
