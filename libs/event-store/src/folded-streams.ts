import { LRUCache } from 'lru-cache';
import type { EventStore } from './event-store';
import { foldStream, type Fold, type Folded } from './fold-stream';

interface FoldedStreamsOptions<S> {
  readonly events: Pick<EventStore, 'read'>;
  readonly fold: Fold<S>;
  /** The one stream of an organization that is folded. */
  readonly streamOf: (orgId: string) => string;
  /** For how long `recent` believes what it has read, in milliseconds. */
  readonly freshMs: number;
  /** How much a state weighs, in any unit, and how much all of them may. */
  readonly weigh: (state: S) => number;
  readonly weightMax: number;
}

interface Known<S> {
  readonly folded: Folded<S>;
  /** When its reading began, in milliseconds of `performance.now`. */
  readonly readAt: number;
}

/**
 * Folds of one stream per organization, remembered within a bound. Reading one again reads only what came since, so
 * a long history costs its length once. What another process appends shows in `recent` after `freshMs` at the latest;
 * whoever appends in this one calls `changed`, and it shows at once.
 */
export class FoldedStreams<S> {
  readonly #known: LRUCache<string, Known<S>>;
  readonly #reading = new Map<string, Promise<Folded<S>>>();

  constructor(private readonly options: FoldedStreamsOptions<S>) {
    const { weigh, weightMax } = options;
    this.#known = new LRUCache({
      maxSize: weightMax,
      sizeCalculation: ({ folded }) => 1 + weigh(folded.state),
    });
  }

  /** The state if it is fresh, without asking the log. */
  peek(orgId: string): S | undefined {
    const known = this.#known.get(orgId);
    if (!known || performance.now() - known.readAt > this.options.freshMs) return undefined;
    return known.folded.state;
  }

  /** The state, at most `freshMs` old. */
  async recent(orgId: string): Promise<S> {
    return this.peek(orgId) ?? (await this.#read(orgId)).state;
  }

  /** The state as the log has it now. */
  async current(orgId: string): Promise<Folded<S>> {
    this.changed(orgId);
    return this.#read(orgId);
  }

  /** What is known may be out of date from here on, and so may what is being read. */
  changed(orgId: string): void {
    this.#reading.delete(orgId);
    const known = this.#known.peek(orgId);
    if (known) this.#known.set(orgId, { ...known, readAt: -Infinity });
  }

  /** One reading at a time for whoever asks; one that `changed` has overtaken leaves nothing behind. */
  #read(orgId: string): Promise<Folded<S>> {
    const under = this.#reading.get(orgId);
    if (under) return under;
    const readAt = performance.now();
    const after = this.#known.peek(orgId)?.folded;
    const stream = this.options.streamOf(orgId);
    const reading = foldStream(this.options.events, { orgId, stream, after }, this.options.fold)
      .then((folded) => {
        // Of what does not exist nothing is kept: anybody can ask for it.
        const isLatest = this.#reading.get(orgId) === reading;
        if (isLatest && folded.revision !== null) this.#known.set(orgId, { folded, readAt });
        return folded;
      })
      .finally(() => {
        if (this.#reading.get(orgId) === reading) this.#reading.delete(orgId);
      });
    this.#reading.set(orgId, reading);
    return reading;
  }
}
