import { LRUCache } from 'lru-cache';
import { isAppError, type Clock } from '#libs/kernel';

interface RecentStatesOptions<S> {
  readonly clock: Clock;
  /** Gives the current state; null when there is none. Null is not remembered, because anybody can ask for any id. */
  readonly read: (id: string) => Promise<S | null>;
  /** How long a state counts as fresh, in milliseconds, from the beginning of its reading. */
  readonly freshMs: number;
  /**
   * How long `get` may give an older state while the store cannot be read, in milliseconds. `peek` never gives such a
   * state.
   */
  readonly staleMs: number;
  /** The weight of a state, and the limit for all states together, in the same unit. */
  readonly weigh: (state: S) => number;
  readonly weightMax: number;
}

interface Known<S> {
  readonly state: S;
  /** In `monotonicMs`. */
  readonly readAt: number;
  readonly isStale: boolean;
}

/**
 * Remembers states for a short time, and forgets one at once when told that it has changed. A state that was read
 * before a change is not remembered, and no request that comes after the change gets it.
 */
export class RecentStates<S extends object> {
  readonly #known: LRUCache<string, Known<S>>;
  readonly #reading = new Map<string, Promise<S | null>>();

  constructor(private readonly options: RecentStatesOptions<S>) {
    const { weigh, weightMax } = options;
    this.#known = new LRUCache({ maxSize: weightMax, sizeCalculation: ({ state }) => 1 + weigh(state) });
  }

  /** Gives the state if it is fresh, without reading the store. */
  peek(id: string): S | undefined {
    const known = this.#known.get(id);
    return known && this.#ageMs(known) <= this.options.freshMs ? known.state : undefined;
  }

  /** Tells whether the last state that was given was no longer fresh, because the store could not be read. */
  isStale(id: string): boolean {
    return this.#known.get(id)?.isStale === true;
  }

  /** Gives the state, read from the store if none is fresh; null when there is none. */
  async get(id: string): Promise<S | null> {
    return this.peek(id) ?? this.#reading.get(id) ?? this.#read(id);
  }

  /** Forgets a state that has changed. From here on nobody is given a state from before the change. */
  changed(id: string): void {
    this.#known.delete(id);
    this.#reading.delete(id);
  }

  #ageMs({ readAt }: Known<S>): number {
    return this.options.clock.monotonicMs() - readAt;
  }

  #stale(id: string, error: unknown): S {
    const known = this.#known.get(id);
    const isUsable = known && this.#ageMs(known) <= this.options.staleMs;
    if (!isUsable || !isAppError(error, 'STORE_UNAVAILABLE')) throw error;
    this.#known.set(id, { ...known, isStale: true });
    return known.state;
  }

  #read(id: string): Promise<S | null> {
    const readAt = this.options.clock.monotonicMs();
    const reading = this.options
      .read(id)
      .then((state) => {
        if (state && this.#reading.get(id) === reading)
          this.#known.set(id, { state, readAt, isStale: false });
        return state;
      })
      .catch((error: unknown) => this.#stale(id, error))
      .finally(() => {
        if (this.#reading.get(id) === reading) this.#reading.delete(id);
      });
    this.#reading.set(id, reading);
    return reading;
  }
}
