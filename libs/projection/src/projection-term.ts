import type { Batch } from '#libs/event-store';
import { comparePositions, type Position } from '#libs/kernel';
import type { Change } from '#libs/read-store';
import { PendingChanges } from './pending-changes';

export interface TermParts {
  /** The checkpoint that this term goes on from. */
  readonly after: Position | null;
  /** Writes changes and checkpoint together. */
  write(changes: readonly Change[], position: Position): Promise<void>;
  /** Everything up to `position` is in the read store. */
  reached(position: Position): void;
  /** A write has failed: end the subscription, then `finish`. */
  failed(): void;
}

/** While catching up, so many documents go into one transaction: fewer flushes, and fewer writes of one page. */
const PENDING_MAX = 2_000;

/**
 * What one holder of the lease does with the batches it reads: gathers their changes, writes them in
 * order, one write at a time, and reads on meanwhile. After a failed write it writes nothing more: the next
 * term goes on from the checkpoint, or events would be left out.
 */
export class ProjectionTerm {
  readonly #pending = new PendingChanges();
  #read: Position | null;
  #stored: Position | null;
  #writing: Promise<void> = Promise.resolve();
  #isWriting = false;
  #isLive = false;

  constructor(private readonly parts: TermParts) {
    this.#read = this.#stored = parts.after;
  }

  /** Takes in a batch and the changes it makes. Fails when a write failed. */
  async take({ position, caughtUp }: Batch, changes: readonly Change[]): Promise<void> {
    for (const change of changes) this.#pending.add(change);
    this.#read = position;
    this.#isLive ||= caughtUp;
    if (!this.#isLive && this.#pending.size < PENDING_MAX) return;
    await this.#writing;
    // A position that changed nothing costs no transaction of its own; `flush` stores it some time.
    if (this.#pending.size === 0) return this.parts.reached(position);
    this.#write(position);
    if (this.#isLive) await this.#writing;
  }

  /** Writes what has gathered, so that other processes see it however slowly events come. */
  flush(): void {
    if (this.#isWriting || this.#read === null) return;
    if (comparePositions(this.#read, this.#stored) > 0) this.#write(this.#read);
  }

  /** Writes what is left. Fails when a write failed. */
  async finish(): Promise<void> {
    await this.#writing;
    this.flush();
    await this.#writing;
  }

  #write(position: Position): void {
    this.#isWriting = true;
    this.#writing = this.parts.write(this.#pending.take(), position).then(() => {
      this.#isWriting = false;
      this.#stored = position;
      this.parts.reached(position);
    });
    this.#writing.catch(() => this.parts.failed());
  }
}
