import { LRUCache } from 'lru-cache';
import type { Appended, AppendRequest, EventStore, JsonObject } from './event-store';
import { foldStream, type Fold, type Folded } from './fold-stream';

/** Events in remembered states, which grow with their streams; a stream counts as three more, for what it is alone. */
const EVENTS_MAX = 40_000;

interface Remembered<S> {
  readonly folded: Folded<S>;
  /** The commands whose events are in it. */
  readonly commands: Set<string>;
}

/**
 * Folds streams and remembers what it made of them, so that a long history is read once. Every answer still
 * asks the store for what came since: nothing is ever staler than a read, whoever writes.
 */
export class StreamFolds<S> {
  readonly #remembered = new LRUCache<string, Remembered<S>>({
    maxSize: EVENTS_MAX,
    maxEntrySize: EVENTS_MAX / 2,
    sizeCalculation: ({ folded }) => Number(folded.revision ?? 0) + 4,
  });

  constructor(
    private readonly store: Pick<EventStore, 'read'>,
    private readonly fold: Fold<S>,
  ) {}

  /** Like `foldStream`. */
  async of(request: { orgId: string; stream: string; commandId?: string }): Promise<Folded<S>> {
    const { stream, commandId } = request;
    const before = this.#remembered.get(stream);
    // How things stood right after that command has been forgotten: once more from the beginning.
    if (commandId !== undefined && before?.commands.has(commandId))
      return foldStream(this.store, request, this.fold);
    const commands = before?.commands ?? new Set<string>();
    const { initial, evolve } = this.fold;
    const noting: Fold<S> = {
      initial,
      evolve: (state, event) => {
        commands.add(event.metadata.commandId);
        return evolve(state, event);
      },
    };
    const now = await foldStream(this.store, request, noting, before?.folded);
    if (now !== before?.folded && now.revision !== null) {
      this.#remembered.set(stream, { folded: { ...now, applied: null }, commands });
    }
    return now;
  }

  /**
   * What is remembered, however old, without asking the store: for who appends at its revision, which tells whether it
   * was current. Undefined when nothing is, and when the events of `commandId` are in it: `of` has the answer then.
   */
  remembered({ stream, commandId }: { stream: string; commandId: string }): Folded<S> | undefined {
    const known = this.#remembered.get(stream);
    return known?.commands.has(commandId) ? undefined : known?.folded;
  }

  /** Takes in what was just appended here, so that it need not be read back. */
  appended(
    { stream, events, metadata }: Omit<AppendRequest, 'expected'>,
    { revision, position, duplicate }: Appended,
  ) {
    const before = this.#remembered.get(stream);
    const first = BigInt(revision) - BigInt(events.length - 1);
    // Somebody else's events in between, or a stream that nobody has read: the next fold sees to it.
    if (!before || duplicate || before.folded.revision !== String(first - 1n)) return;
    let { state } = before.folded;
    events.forEach(({ type, data }, index) => {
      const place = { id: '', stream, revision: String(first + BigInt(index)), position };
      state = this.fold.evolve(state, { ...place, type, data: data as JsonObject, metadata });
    });
    before.commands.add(metadata.commandId);
    const folded = { state, revision, position, expected: { revision }, applied: null };
    this.#remembered.set(stream, { folded, commands: before.commands });
  }
}
