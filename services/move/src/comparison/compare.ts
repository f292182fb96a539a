import { createHash } from 'node:crypto';
import { moveRefused } from '../move-refused';

/** What one side holds of a part: how much, and a hash over all of it in its order. */
export interface Tally {
  readonly count: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

export interface Comparison {
  readonly part: string;
  readonly source: Tally;
  readonly target: Tally;
  /** How many only the source has. */
  readonly missing: number;
  /** The first that only the target has or that differs, in words; null: the target is on its way to the source. */
  readonly stranger: string | null;
}

/** Takes what the target lacks, in the order of the source. */
export interface Sink<T> {
  take(item: T): Promise<void>;
  /** Resolves when all of it is durable. */
  end(): Promise<void>;
}

/** What is compared and copied as one: both sides in the same order. */
export interface PartOf<T> {
  readonly name: string;
  readonly source: () => AsyncIterable<T>;
  readonly target: () => AsyncIterable<T>;
  /** Negative when `a` comes before `b`; 0 for the same place, whatever is there. */
  readonly order: (a: T, b: T) => number;
  /** All that makes up an item, as text. */
  readonly text: (item: T) => string;
  /** An item in words. */
  readonly label: (item: T) => string;
  readonly sink: () => Sink<T>;
}

export interface Part {
  readonly name: string;
  /** Reads both sides, writes nothing. `onItem` is called for each item of the source. */
  compare(onItem: () => void): Promise<Comparison>;
  /** Writes what the target lacks. Fails with MOVE_REFUSED at the first stranger. */
  copy(onItem: () => void): Promise<Comparison>;
}

export function definePart<T>(part: PartOf<T>): Part {
  return {
    name: part.name,
    compare: (onItem) => compare(part, { onItem }),
    copy: async (onItem) => {
      const sink = part.sink();
      const found = await compare(part, { onItem, sink });
      await sink.end();
      return found;
    },
  };
}

/** Nothing is left to copy, and there is nothing else. */
export function isEqual({ source, target }: Comparison): boolean {
  return source.count === target.count && source.sha256 === target.sha256;
}

async function compare<T>(
  part: PartOf<T>,
  { onItem, sink }: { onItem: () => void; sink?: Sink<T> },
): Promise<Comparison> {
  const [source, target] = [new Walk(part.source(), part.text), new Walk(part.target(), part.text)];
  let missing = 0;
  let stranger: string | null = null;
  await Promise.all([source.next(), target.next()]);
  while (!source.isOver || !target.isOver) {
    const place = placeOf(part, source, target);
    if (isStrange(place, source, target)) {
      stranger ??= part.label(target.item);
      if (sink) throw moveRefused(`Something else writes to the target: ${stranger}.`);
    }
    if (place < 0) {
      missing += 1;
      await sink?.take(source.item);
    }
    if (place <= 0) onItem();
    await step(place, source, target);
  }
  return { part: part.name, source: source.tally(), target: target.tally(), missing, stranger };
}

/** Negative: only the source has this. Positive: only the target has. */
function placeOf<T>({ order }: PartOf<T>, source: Walk<T>, target: Walk<T>): number {
  if (target.isOver) return -1;
  return source.isOver ? 1 : order(source.item, target.item);
}

/** On its way to the source a target lacks something, but holds nothing else. */
function isStrange<T>(place: number, source: Walk<T>, target: Walk<T>): boolean {
  return place > 0 || (place === 0 && source.text !== target.text);
}

async function step<T>(place: number, source: Walk<T>, target: Walk<T>): Promise<void> {
  if (place <= 0) await source.next();
  if (place >= 0) await target.next();
}

/** Goes through one side, and hashes what it sees. */
class Walk<T> {
  isOver = false;
  text = '';
  #item: T | undefined;
  #count = 0;
  readonly #hash = createHash('sha256');
  readonly #items: AsyncIterator<T, unknown>;

  constructor(
    items: AsyncIterable<T>,
    private readonly textOf: (item: T) => string,
  ) {
    this.#items = items[Symbol.asyncIterator]();
  }

  /** There is none before the first `next`, and none once it is over. */
  get item(): T {
    if (this.#item === undefined) throw new Error('There is no item here');
    return this.#item;
  }

  async next(): Promise<void> {
    const next = await this.#items.next();
    if (next.done) {
      this.isOver = true;
      return;
    }
    this.#item = next.value;
    this.text = this.textOf(next.value);
    this.#count += 1;
    this.#hash.update(`${this.text}\n`);
  }

  tally(): Tally {
    return { count: this.#count, sha256: this.#hash.digest('hex') };
  }
}
