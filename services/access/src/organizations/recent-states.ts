import { LRUCache } from 'lru-cache';

interface RecentStatesOptions<S> {
  /** Gives the state as it is now; null when there is none, which is not remembered: anybody can ask for it. */
  readonly read: (id: string) => Promise<S | null>;
  /** For how long a state is believed, in milliseconds, counted from when its reading began. */
  readonly freshMs: number;
  /** How much a state weighs, in any unit, and how much all of them may. */
  readonly weigh: (state: S) => number;
  readonly weightMax: number;
}

/**
 * States that are read again after a while, or at once when somebody says that they have changed. What a change has
 * overtaken is neither kept nor handed to who asks afterwards.
 */
export class RecentStates<S extends object> {
  readonly #known: LRUCache<string, { readonly state: S; readonly readAt: number }>;
  readonly #reading = new Map<string, Promise<S | null>>();

  constructor(private readonly options: RecentStatesOptions<S>) {
    const { weigh, weightMax } = options;
    this.#known = new LRUCache({ maxSize: weightMax, sizeCalculation: ({ state }) => 1 + weigh(state) });
  }

  /** The state if it is believed, without asking anybody. */
  peek(id: string): S | undefined {
    const known = this.#known.get(id);
    return known && performance.now() - known.readAt <= this.options.freshMs ? known.state : undefined;
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

  #read(id: string): Promise<S | null> {
    const readAt = performance.now();
    const reading = this.options
      .read(id)
      .then((state) => {
        if (state && this.#reading.get(id) === reading) this.#known.set(id, { state, readAt });
        return state;
      })
      .finally(() => {
        if (this.#reading.get(id) === reading) this.#reading.delete(id);
      });
    this.#reading.set(id, reading);
    return reading;
  }
}
