import { LRUCache } from 'lru-cache';
import { AppError } from '#libs/kernel';
import type { Appended, AppendRequest, EventStore, JsonObject, RecordedEvent } from './event-store';
import { foldStream, type Fold, type Folded } from './fold-stream';
import type { FollowedLog } from './followed-log';
import { assertOwned } from './stream-name';

/** All that is remembered, which grows with the streams. */
const BYTES_MAX = 32 * 1024 * 1024;
/** What a stream takes alone, and each command of its events, besides its state. Measured: 76 for a command. */
const STREAM_BYTES = 500;
const COMMAND_BYTES = 100;

interface StreamRequest {
  readonly orgId: string;
  readonly stream: string;
  readonly commandId?: string;
}

/** A stream as it stood behind an event. */
type Behind<S> = NonNullable<Folded<S>['applied']>;

interface Remembered<S> {
  readonly folded: Folded<S>;
  /** The commands whose events are in it. */
  readonly commands: Set<string>;
}

/** A stream that is being read. */
interface Loading {
  readers: number;
  /** Of the last event that was told of meanwhile. */
  told: bigint;
}

/**
 * Folds streams and remembers what it made of them, so that a long history is read once. Every answer still
 * asks the store for what came since, one stream or the whole log: nothing is ever staler than a read, whoever writes.
 */
export class StreamFolds<S> {
  readonly #remembered = new LRUCache<string, Remembered<S>>({
    maxSize: BYTES_MAX,
    maxEntrySize: BYTES_MAX / 2,
    sizeCalculation: ({ folded, commands }) =>
      STREAM_BYTES + commands.size * COMMAND_BYTES + (this.fold.bytesOf?.(folded.state) ?? 0),
  });
  #loading = new Map<string, Loading>();

  /** With a `log` that is followed, what came since is most often known already. */
  constructor(
    private readonly store: Pick<EventStore, 'read'>,
    private readonly fold: Fold<S>,
    private readonly log?: FollowedLog,
  ) {
    log?.listen({ began: () => this.#forget(), note: (event) => this.#note(event) });
  }

  /** Like `foldStream`. */
  async of(request: StreamRequest): Promise<Folded<S>> {
    const { stream, commandId } = request;
    assertOwned(request);
    if (this.log && this.#remembered.has(stream) && (await this.log.isCurrent())) {
      const known = this.#remembered.get(stream);
      if (known && (commandId === undefined || !known.commands.has(commandId))) return known.folded;
    }
    const before = this.#remembered.get(stream);
    // How things stood right after that command has been forgotten: once more from the beginning.
    if (commandId !== undefined && before?.commands.has(commandId))
      return foldStream(this.store, request, this.fold);
    return this.#load(request, before);
  }

  async #load(request: StreamRequest, before: Remembered<S> | undefined): Promise<Folded<S>> {
    const { stream } = request;
    const commands = before?.commands ?? new Set<string>();
    const all = this.#loading;
    const loading = this.#beginLoading(stream);
    try {
      const now = await foldStream(this.store, request, this.#noting(commands), before?.folded);
      // Told of more meanwhile, or what was begun before the log was followed: it may miss what nobody will tell again.
      const isWhole = all === this.#loading && loading.told <= BigInt(now.revision ?? -1);
      if (isWhole && now !== before?.folded)
        this.#remember(stream, { commands, folded: { ...now, applied: null } });
      return now;
    } finally {
      loading.readers -= 1;
      if (loading.readers === 0) all.delete(stream);
    }
  }

  /**
   * The stream right behind the events of `commandId`, as the log has it, for who was told that they are appended. Another
   * process may have carried out the same command with a time of its own, and not every engine tells that to both. Fails
   * with STORE_UNAVAILABLE when the log does not show the events.
   */
  async behind(request: StreamRequest & { readonly commandId: string }): Promise<Behind<S>> {
    const { applied } = await this.of(request);
    if (!applied) throw new AppError('STORE_UNAVAILABLE');
    return applied;
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
    const recorded = events.map(({ type, data }, index) => {
      const place = { id: '', stream, revision: String(first + BigInt(index)), position };
      return { ...place, type, data: data as JsonObject, metadata };
    });
    this.#goOn(before, recorded);
  }

  #beginLoading(stream: string): Loading {
    const loading = this.#loading.get(stream) ?? { readers: 0, told: -1n };
    this.#loading.set(stream, loading);
    loading.readers += 1;
    return loading;
  }

  /** The fold, which notes in `commands` whose events it meets. */
  #noting(commands: Set<string>): Fold<S> {
    const { initial, evolve } = this.fold;
    const noting = (state: S, event: RecordedEvent) => {
      commands.add(event.metadata.commandId);
      return evolve(state, event);
    };
    return { initial, evolve: noting };
  }

  /** Never in place of what is newer, and nothing of a stream that is not there. */
  #remember(stream: string, known: Remembered<S>): void {
    const { revision } = known.folded;
    const present = this.#remembered.peek(stream)?.folded.revision ?? '-1';
    if (revision !== null && BigInt(revision) >= BigInt(present)) this.#remembered.set(stream, known);
  }

  #note(event: RecordedEvent): void {
    const { stream, revision } = event;
    const loading = this.#loading.get(stream);
    if (loading) loading.told = BigInt(revision);
    const before = this.#remembered.peek(stream);
    if (!before || BigInt(revision) <= BigInt(before.folded.revision ?? -1)) return;
    try {
      if (BigInt(revision) !== BigInt(before.folded.revision ?? -1) + 1n) throw new Error('A gap');
      this.#goOn(before, [event]);
    } catch {
      // The next one to ask reads it, and hears what is wrong with it.
      this.#remembered.delete(stream);
    }
  }

  /** Takes in the events that follow on what is remembered. */
  #goOn({ folded, commands }: Remembered<S>, events: readonly RecordedEvent[]): void {
    let { state } = folded;
    for (const event of events) {
      state = this.fold.evolve(state, event);
      commands.add(event.metadata.commandId);
    }
    const last = events.at(-1);
    if (!last) return;
    const { stream, revision, position } = last;
    const now = { state, revision, position, expected: { revision }, applied: null };
    this.#remember(stream, { folded: now, commands });
  }

  #forget(): void {
    this.#remembered.clear();
    this.#loading = new Map();
  }
}
