import { createHash } from 'node:crypto';
import { moveRefused } from '../move-refused';

/** The number of a part's items on one side, and a hash over their texts, in order. */
export interface Tally {
  readonly count: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

export interface Comparison {
  readonly part: string;
  readonly source: Tally;
  readonly target: Tally;
  /** The number of items that only the source has. */
  readonly missing: number;
  /** Label of the first item that only the target has, or that differs. Null: there is none. */
  readonly stranger: string | null;
}

/** Writes the items that the target lacks, in the order of the source. */
export interface Sink<T> {
  take(item: T): Promise<void>;
  /** Resolves when all items are durable. */
  end(): Promise<void>;
}

/** A kind of items that are compared and copied together. Both sides list them in the same order. */
export interface PartOf<T> {
  readonly name: string;
  readonly source: () => AsyncIterable<T>;
  readonly target: () => AsyncIterable<T>;
  /** Negative if `a` comes before `b`; 0 if both have the same place, even if they differ otherwise. */
  readonly order: (a: T, b: T) => number;
  /** Everything in an item that must be equal on both sides. */
  readonly text: (item: T) => string;
  /** Names an item in a message to the user. */
  readonly label: (item: T) => string;
  readonly sink: () => Sink<T>;
}

export interface Part {
  readonly name: string;
  /** Reads both sides, writes nothing. `onItem` is called for each item of the source. */
  compare(onItem: () => void): Promise<Comparison>;
  /** Writes what the target lacks. Fails with MOVE_REFUSED if the target holds another item, or one that differs. */
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

/** True if both sides hold the same items. */
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

/** Negative if only the source has the next item, positive if only the target has it. */
function placeOf<T>({ order }: PartOf<T>, source: Walk<T>, target: Walk<T>): number {
  if (target.isOver) return -1;
  return source.isOver ? 1 : order(source.item, target.item);
}

/** True for an item that only the target has, or that differs. An interrupted copy of the source has no such item. */
function isStrange<T>(place: number, source: Walk<T>, target: Walk<T>): boolean {
  return place > 0 || (place === 0 && source.text !== target.text);
}

async function step<T>(place: number, source: Walk<T>, target: Walk<T>): Promise<void> {
  if (place <= 0) await source.next();
  if (place >= 0) await target.next();
}

/** Reads the items of one side in order, and counts and hashes them. */
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

  /** The current item. Throws before the first `next`. Do not read it once `isOver` is true. */
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
