import type { RootKeyState } from '#libs/key-store';
import { canonicalJson } from './comparison/canonical-json';
import { isEqual, type Comparison, type Part } from './comparison/compare';
import { eventPart } from './events/event-part';
import { keyPart } from './keys/key-part';
import { moveRefused } from './move-refused';
import { patiently } from './patiently';
import { recordPart } from './records/record-part';
import { carryRelayPlace, hasRelayPlace } from './relay/relay-place';
import type { Progress } from './report/progress';
import type { OpenSide } from './sides/open-side';

/** What the two sides hold, side by side. */
export interface Survey {
  readonly comparisons: readonly Comparison[];
  /** The target knows its root key: it is a whole installation, which starts. */
  readonly isComplete: boolean;
  /** Everything is the same on both sides, and the target knows its root key. */
  readonly isSame: boolean;
}

/**
 * Copies an installation: keys, then events, then records, and compares all of it. The record of the root key
 * comes last. Until then the target has keys without it, and no service starts on that; and whatever kills the
 * copy, the next one goes on from what is there.
 */
export class Move {
  readonly #parts: readonly Part[];

  constructor(
    private readonly source: OpenSide,
    private readonly target: OpenSide,
    private readonly progress: Progress,
  ) {
    this.#parts = [
      keyPart(source.keys, target.keys),
      eventPart(source, target),
      recordPart(source.reads, target.reads, target.events),
    ];
  }

  /** Reads both sides and writes nothing. Fails with MOVE_REFUSED when the source holds no installation. */
  async survey(verb = 'Comparing'): Promise<Survey> {
    const rootKey = await this.#sourceRootKey();
    const comparisons: Comparison[] = [];
    for (const part of this.#parts) {
      comparisons.push(
        await this.progress.step(`${verb} ${part.name}`, undefined, (onItem) => part.compare(onItem)),
      );
    }
    const reached = await this.target.keys.rootKeyState();
    const isSame = comparisons.every(isEqual) && canonicalJson(reached) === canonicalJson(rootKey);
    return { comparisons, isComplete: reached !== null, isSame };
  }

  /** Fails with MOVE_REFUSED unless the target is empty, or what an interrupted copy of this source has left. */
  async assertMovable({ comparisons, isComplete }: Survey): Promise<void> {
    const { name } = this.target;
    if (isComplete) {
      throw moveRefused(`${name} holds an installation already: empty it, or name another target.`);
    }
    const stranger = comparisons.find((found) => found.stranger !== null)?.stranger;
    if (stranger) {
      throw moveRefused(
        `${name} holds ${stranger}, and the source holds nothing like it there. It is another installation's, or the source was used since a copy was begun: empty the target, or name another.`,
      );
    }
    const carries = await hasRelayPlace(this.source);
    for (const [owner, reads] of this.target.reads) {
      // The place of the relay is written over.
      if ((carries && owner === 'audit-relay') || !(await reads.contents()).isProjected) continue;
      const sentence = `The read store of ${owner} in ${name} holds lists that were made from another log: empty it, or name another target.`;
      throw moveRefused(sentence);
    }
  }

  /** Copies what a survey found missing, and compares all of it again. Fails with MOVE_REFUSED. */
  async copy(before: Survey): Promise<Survey> {
    const rootKey = await this.#sourceRootKey();
    for (const [index, part] of this.#parts.entries()) {
      const seen = before.comparisons[index];
      const copied = await this.progress.step(`Copying ${part.name}`, seen?.source.count, (onItem) =>
        part.copy(onItem),
      );
      this.#assertUnused(seen, copied);
    }
    const after = await this.survey('Verifying');
    for (const [index, seen] of before.comparisons.entries()) {
      this.#assertUnused(seen, after.comparisons[index]);
    }
    const different = after.comparisons.find((found) => !isEqual(found));
    if (different) throw moveRefused(`The ${different.part} of the copy are not those of the source.`);
    if (await hasRelayPlace(this.source)) {
      const carry = (onItem: () => void) => carryRelayPlace(this.source, this.target, onItem);
      await this.progress.step('Finding the place of the audit relay', undefined, carry);
    }
    await patiently(() => this.target.keys.setRootKeyState(rootKey));
    return { ...after, isComplete: true, isSame: true };
  }

  /** A source that somebody writes to cannot be copied as it is at one time. */
  #assertUnused(before: Comparison | undefined, after: Comparison | undefined): void {
    if (before?.source.sha256 === after?.source.sha256) return;
    const { name } = this.source;
    const sentence = `${name} was used while it was copied: its ${before?.part} have changed. Stop all of its services, and run this again.`;
    throw moveRefused(sentence);
  }

  async #sourceRootKey(): Promise<RootKeyState> {
    const { keys, name } = this.source;
    const state = await keys.rootKeyState();
    // Its keys are what marks a copy as unfinished; and without them there is no value to open.
    if (state && (await keys.count({ purpose: 'instance' })) > 0) return state;
    throw moveRefused(`${name} was never used, or is itself a copy that was not finished: nothing to move.`);
  }
}
