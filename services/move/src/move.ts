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

/** The result of comparing the two sides. */
export interface Survey {
  readonly comparisons: readonly Comparison[];
  /** True if the target holds the record of its root key. Only then do services that need keys start on it. */
  readonly isComplete: boolean;
  /** True if everything is equal on both sides, the record of the root key included. */
  readonly isSame: boolean;
}

/**
 * Copies an installation: keys, then events, then records. Then it compares everything and writes the record of the
 * root key. Until then the target holds keys without that record, so no service that needs keys starts on it
 * (ADR 16). An interrupted copy is continued by the next one.
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

  /** Compares both sides and writes nothing. Fails with MOVE_REFUSED if the source is not a complete installation. */
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

  /** Fails with MOVE_REFUSED unless the target is empty or holds an interrupted copy of this source. */
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
      // The copy overwrites the checkpoint of the target's audit relay.
      if ((carries && owner === 'audit-relay') || !(await reads.contents()).isProjected) continue;
      const sentence = `The read store of ${owner} in ${name} holds lists that were made from another log: empty it, or name another target.`;
      throw moveRefused(sentence);
    }
  }

  /** Copies what the target lacks. Fails with MOVE_REFUSED if the source changes, or if the sides then differ. */
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

  /** Fails if the source has changed: the copy would then mix its states of different times. */
  #assertUnused(before: Comparison | undefined, after: Comparison | undefined): void {
    if (before?.source.sha256 === after?.source.sha256) return;
    const { name } = this.source;
    const sentence = `${name} was used while it was copied: its ${before?.part} have changed. Stop all of its services, and run this again.`;
    throw moveRefused(sentence);
  }

  async #sourceRootKey(): Promise<RootKeyState> {
    const { keys, name } = this.source;
    const state = await keys.rootKeyState();
    // Without instance keys the target would have no mark of an unfinished copy, and the source no value to open.
    if (state && (await keys.count({ purpose: 'instance' })) > 0) return state;
    throw moveRefused(`${name} was never used, or is itself a copy that was not finished: nothing to move.`);
  }
}
