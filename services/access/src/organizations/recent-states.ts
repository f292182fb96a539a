import { LRUCache } from 'lru-cache';
import { isAppError, type Clock } from '#libs/kernel';

interface RecentStatesOptions<S> {
  readonly clock: Clock;
  /** Gives the state as it is now; null when there is none, which is not remembered: anybody can ask for it. */
  readonly read: (id: string) => Promise<S | null>;
  /** For how long a state is believed, in milliseconds, counted from when its reading began. */
  readonly freshMs: number;
  /** For how long it is given, in milliseconds, when the store cannot be read. `peek` gives it to nobody then. */
  readonly staleMs: number;
  /** How much a state weighs, in any unit, and how much all of them may. */
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
 * States that are read again after a while, or at once when somebody says that they have changed. What a change has
 * overtaken is neither kept nor handed to who asks afterwards.
 */
export class RecentStates<S extends object> {
  readonly #known: LRUCache<string, Known<S>>;
  readonly #reading = new Map<string, Promise<S | null>>();

  constructor(private readonly options: RecentStatesOptions<S>) {
    const { weigh, weightMax } = options;
    this.#known = new LRUCache({ maxSize: weightMax, sizeCalculation: ({ state }) => 1 + weigh(state) });
  }

  /** The state if it is believed, without asking anybody. */
  peek(id: string): S | undefined {
    const known = this.#known.get(id);
    return known && this.#ageMs(known) <= this.options.freshMs ? known.state : undefined;
  }

  /** Whether what was given last is older than what is believed, because the store could not be read. */
  isStale(id: string): boolean {
    return this.#known.get(id)?.isStale === true;
  }

  /** Null when there is none. */
  async get(id: string): Promise<S | null> {
    return this.peek(id) ?? this.#reading.get(id) ?? this.#read(id);
  }

  /** From here on nobody is given what was true before. */
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
