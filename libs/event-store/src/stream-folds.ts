import { LRUCache } from 'lru-cache';
import { AppError } from '#libs/kernel';
import type { Appended, AppendRequest, EventStore, JsonObject, RecordedEvent } from './event-store';
import { foldStream, type Fold, type Folded } from './fold-stream';
import type { FollowedLog } from './followed-log';
import { assertOwned } from './stream-name';

/** A limit for all remembered folds together, because they grow with the streams. */
const BYTES_MAX = 32 * 1024 * 1024;
/** Memory for a remembered stream besides its state, and for each command of its events. A command took 76 bytes. */
const STREAM_BYTES = 500;
const COMMAND_BYTES = 100;

interface StreamRequest {
  readonly orgId: string;
  readonly stream: string;
  readonly commandId?: string;
}

/** A stream as it stood right after the events of one command. */
type Behind<S> = NonNullable<Folded<S>['applied']>;

interface Remembered<S> {
  readonly folded: Folded<S>;
  /** The commands whose events are folded into the state. */
  readonly commands: Set<string>;
}

/** A stream that is being read at the moment. */
interface Loading {
  readers: number;
  /** The last revision that the followed log told of during the reading; -1 for none. */
  told: bigint;
}

/**
 * Folds streams and remembers the folds, so that a long history is read only once. Every call still asks the store for
 * what came since, either the one stream or the head of the whole log. So a fold is never older than a read of the
 * stream, whichever process writes (ADR 19).
 */
export class StreamFolds<S> {
  readonly #remembered = new LRUCache<string, Remembered<S>>({
    maxSize: BYTES_MAX,
    maxEntrySize: BYTES_MAX / 2,
    sizeCalculation: ({ folded, commands }) =>
      STREAM_BYTES + commands.size * COMMAND_BYTES + (this.fold.bytesOf?.(folded.state) ?? 0),
  });
  #loading = new Map<string, Loading>();

  /** `log` is the log that this process follows. It saves most of the reads, because the folds hear of each event. */
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
    const isCurrent = this.log && this.#remembered.has(stream) && (await this.log.isCurrent());
    const before = this.#remembered.get(stream);
    // The state right after that command was not kept, so the stream is folded from its beginning.
    if (commandId !== undefined && before?.commands.has(commandId))
      return foldStream(this.store, request, this.fold);
    return isCurrent && before ? before.folded : this.#load(request, before);
  }

  async #load(request: StreamRequest, before: Remembered<S> | undefined): Promise<Folded<S>> {
    const { stream } = request;
    const commands = before?.commands ?? new Set<string>();
    const all = this.#loading;
    const loading = this.#beginLoading(stream);
    try {
      const now = await foldStream(this.store, request, this.#noting(commands), before?.folded);
      // Not kept when a later event was told meanwhile, or when the reading began before the log was followed. The fold
      // may lack events, and each is told only once.
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
   * Gives the stream as the log shows it right after the events of `commandId`. It is for a caller whose append was
   * confirmed. Another process may have carried out the same command with another time of day, and some engines confirm
   * the append to both. Fails with STORE_UNAVAILABLE when the log does not show the events.
   */
  async behind(request: StreamRequest & { readonly commandId: string }): Promise<Behind<S>> {
    const { applied } = await this.of(request);
    if (!applied) throw new AppError('STORE_UNAVAILABLE');
    return applied;
  }

  /**
   * Gives the remembered fold, however old it is, without asking the store. It is for a caller that appends at its
   * revision, which fails when the fold is out of date. Undefined when there is no fold, or when it holds the events of
   * `commandId`; then `of` has the answer.
   */
  remembered({ stream, commandId }: { stream: string; commandId: string }): Folded<S> | undefined {
    const known = this.#remembered.get(stream);
    return known?.commands.has(commandId) ? undefined : known?.folded;
  }

  /** Adds events that this process has just appended to the remembered fold, so that they need not be read back. */
  appended(
    { stream, events, metadata }: Omit<AppendRequest, 'expected'>,
    { revision, position, duplicate }: Appended,
  ) {
    const before = this.#remembered.get(stream);
    const first = BigInt(revision) - BigInt(events.length - 1);
    // With events of another writer in between, or without a remembered fold, the next call of `of` reads the stream.
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

  /** The given fold. It also adds the command of each event to `commands`. */
  #noting(commands: Set<string>): Fold<S> {
    const { initial, evolve } = this.fold;
    const noting = (state: S, event: RecordedEvent) => {
      commands.add(event.metadata.commandId);
      return evolve(state, event);
    };
    return { initial, evolve: noting };
  }

  /** Never replaces a newer fold, and remembers nothing of a stream without events. */
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
      // The next call of `of` reads the stream, and its caller gets the error.
      this.#remembered.delete(stream);
    }
  }

  /** Adds events to a remembered fold. They follow directly on its last event. */
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
