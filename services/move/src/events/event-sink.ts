import type { AppendRequest, Expected, RecordedEvent } from '#libs/event-store';
import { isAppError } from '#libs/kernel';
import type { Sink } from '../comparison/compare';
import { moveRefused } from '../move-refused';
import { patiently } from '../patiently';
import type { OpenSide } from '../sides/open-side';
import { OriginalAppends, type OriginalAppend } from './original-appends';

/** With so many appends, or so many characters of event data, a write begins. Its appends may share a flush. */
const APPENDS_AT_ONCE = 256;
const CHARACTERS_AT_ONCE = 2_000_000;

/**
 * Appends events in the same groups as before, one append after the other. So the order of the log is kept, and a
 * killed copy leaves the beginning of the log without a gap (ADR 16).
 */
export class EventSink implements Sink<RecordedEvent> {
  readonly #found = new OriginalAppends();
  #appends: AppendRequest[] = [];
  #characters = 0;

  constructor(private readonly target: Pick<OpenSide, 'events' | 'ages'>) {}

  async take(event: RecordedEvent): Promise<void> {
    const ended = this.#found.add(event);
    if (!ended) return;
    this.#add(ended);
    if (this.#appends.length >= APPENDS_AT_ONCE || this.#characters >= CHARACTERS_AT_ONCE)
      await this.#write();
  }

  async end(): Promise<void> {
    const last = this.#found.end();
    if (last) this.#add(last);
    await this.#write();
  }

  #add({ events, firstIndex }: OriginalAppend): void {
    const [first] = events;
    const { stream, metadata } = first;
    const { orgId } = metadata;
    this.#appends.push({
      orgId,
      stream,
      events,
      metadata,
      firstIndex,
      expected: this.#expectedBefore(first),
    });
    for (const { data } of events) this.#characters += JSON.stringify(data).length;
  }

  async #write(): Promise<void> {
    const appends = this.#appends;
    this.#appends = [];
    this.#characters = 0;
    try {
      await patiently(() => this.target.events.appendInOrder(appends));
    } catch (error) {
      if (!isAppError(error, 'WRONG_REVISION')) throw error;
      const sentence =
        'An event cannot follow what the target has of its stream: either the source has lost the beginning of that stream, or something else writes to the target.';
      throw moveRefused(sentence, error);
    }
  }

  #expectedBefore({ stream, revision }: RecordedEvent): Expected {
    if (this.target.ages(stream)) return 'any';
    return revision === '0' ? 'no stream' : { revision: String(BigInt(revision) - 1n) };
  }
}
