import { AppError, comparePositions, isAppError, type Position } from '#libs/kernel';
import { READ_LIMIT_MAX, type Appended, type RecordedEvent } from '../event-store';
import type { BatchAppend, Written } from './batch-appender';
import type { EsdbConnection } from './esdb-connection';
import { readHead, readStream } from './esdb-reads';

/** From the call to the answer, whatever the server does. */
const ANSWER_MS = 2800;
const FIRST_TRY_MS = 2000;

/** Appends, and finds out what became of an append that got no answer. */
export class EsdbAppends {
  /** The last position known to be in the log. */
  #seen: Position | null = null;
  #started: Promise<void> | undefined;

  constructor(private readonly connection: EsdbConnection) {}

  /** Tells that the log reaches as far as `position`. */
  saw(position: Position | null): void {
    if (comparePositions(position, this.#seen) > 0) this.#seen = position;
  }

  async append(append: BatchAppend): Promise<Appended> {
    const until = performance.now() + ANSWER_MS;
    const left = () => Math.max(1, until - performance.now());
    await (this.#started ??= this.#start());
    const seen = this.#seen;
    try {
      return await this.#answer(await this.#write(append, Math.min(FIRST_TRY_MS, left())), append, seen);
    } catch (error) {
      if (!isAppError(error, 'STORE_UNAVAILABLE')) throw error;
    }
    const written = await this.connection.run(left(), async (client) => {
      const { stream, expected } = append;
      if (expected === 'any') {
        const tail = { stream, direction: 'backwards', from: undefined, limit: READ_LIMIT_MAX } as const;
        return foundAnywhere(append, await readStream(client, tail));
      }
      const from = String(expected === 'no stream' ? 0n : BigInt(expected.revision) + 1n);
      const place = { stream, direction: 'forwards', from, limit: append.events.length } as const;
      return foundInPlace(append, from, await readStream(client, place));
    });
    // The server answers and has not got them. The same ids are safe to send again: should the first try
    // arrive after all, the server recognises one of the two, and answers both the same.
    return this.#answer(written ?? (await this.#write(append, left())), append, seen);
  }

  #write(append: BatchAppend, timeoutMs: number): Promise<Written> {
    return this.connection.run(timeoutMs, (client) => client.appender.append(append));
  }

  /**
   * The server answers a repetition like the append itself, with the first result. But a new append gets a
   * position behind all positions there were when it was sent: at or before one of them, it was there.
   */
  async #answer(
    { revision, position }: Written,
    { stream }: BatchAppend,
    seen: Position | null,
  ): Promise<Appended> {
    const known = position ?? (await this.#positionOf(stream, revision));
    this.saw(known);
    return { revision, position: known, duplicate: comparePositions(known, seen) <= 0 };
  }

  async #positionOf(stream: string, revision: string): Promise<Position> {
    const read = { stream, direction: 'forwards', from: revision, limit: 1 } as const;
    const [event] = await this.connection.run(FIRST_TRY_MS, (client) => readStream(client, read));
    if (event?.revision !== revision) throw new AppError('STORE_UNAVAILABLE');
    return event.position;
  }

  /** A retry may be the first thing a new process does. */
  async #start(): Promise<void> {
    try {
      this.saw(await this.connection.run(FIRST_TRY_MS, readHead));
    } catch (error) {
      this.#started = undefined;
      throw error;
    }
  }
}

/** Looks where the events of an append at an exact revision must be. */
function foundInPlace(
  { events }: BatchAppend,
  from: string,
  there: readonly RecordedEvent[],
): Written | undefined {
  const [first] = there;
  // Nothing yet, or the place is hidden by a truncation: then the server alone can tell.
  if (first?.revision !== from) return undefined;
  const last = there.at(-1);
  if (last && events.every(({ id }, index) => there[index]?.id === id)) return last;
  // Somebody else's: ours can never be written any more, not even by a first try that arrives late.
  throw new AppError('WRONG_REVISION');
}

/** Looks for events appended at any revision among the latest, given newest first. */
function foundAnywhere({ events }: BatchAppend, tail: readonly RecordedEvent[]): Written | undefined {
  const id = events.at(-1)?.id;
  return tail.find((event) => event.id === id);
}
