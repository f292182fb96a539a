import { AppError, comparePositions, isAppError, type Position } from '#libs/kernel';
import { READ_LIMIT_MAX, type Appended, type RecordedEvent } from '../event-store';
import type { BatchAppend, Written } from './batch-appender';
import type { EsdbConnection } from './esdb-connection';
import { readHead, readStream } from './esdb-reads';

/** Time for the whole append, from the call to the answer, including a second try. */
const ANSWER_MS = 2800;
const FIRST_TRY_MS = 2000;

/** Appends, and finds out whether an append that got no answer was written. */
export class EsdbAppends {
  /** The highest position that is known to be in the log. */
  #seen: Position | null = null;
  #started: Promise<void> | undefined;

  constructor(private readonly connection: EsdbConnection) {}

  /** Notes that the log reaches as far as `position`. */
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
    // The server answers, and the log does not hold the events. They are sent again with the same ids. If the first try
    // still arrives, the server recognises the later one as a repetition and answers both in the same way.
    return this.#answer(written ?? (await this.#write(append, left())), append, seen);
  }

  #write(append: BatchAppend, timeoutMs: number): Promise<Written> {
    return this.connection.run(timeoutMs, (client) => client.appender.append(append));
  }

  /**
   * The server answers a repetition with the result of the first append. A new append gets a higher position than all
   * that were in the log when it was sent. So a position that is not higher shows a repetition.
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

  /** Reads the head first, because the first append of a new process may be a repetition. */
  async #start(): Promise<void> {
    try {
      this.saw(await this.connection.run(FIRST_TRY_MS, readHead));
    } catch (error) {
      this.#started = undefined;
      throw error;
    }
  }
}

/** Looks for the events at the revisions that an append with an exact expected revision gives them. */
function foundInPlace(
  { events }: BatchAppend,
  from: string,
  there: readonly RecordedEvent[],
): Written | undefined {
  const [first] = there;
  // The stream ends before this place, or a truncation hides the place. Then only the server can tell.
  if (first?.revision !== from) return undefined;
  const last = there.at(-1);
  if (last && events.every(({ id }, index) => there[index]?.id === id)) return last;
  // Another writer has taken the place. Our events can no longer be written, even if the first try arrives late.
  throw new AppError('WRONG_REVISION');
}

/** Looks for the events of an append that expects any revision. `tail` holds the latest events, newest first. */
function foundAnywhere({ events }: BatchAppend, tail: readonly RecordedEvent[]): Written | undefined {
  const id = events.at(-1)?.id;
  return tail.find((event) => event.id === id);
}
