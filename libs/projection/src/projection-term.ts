import type { Batch } from '#libs/event-store';
import { comparePositions, type Position } from '#libs/kernel';
import type { Change } from '#libs/read-store';
import { PendingChanges } from './pending-changes';

export interface TermParts {
  /** The checkpoint that this term goes on from. */
  readonly after: Position | null;
  /** Writes changes and checkpoint together. */
  write(changes: readonly Change[], position: Position): Promise<void>;
  /** Called when everything up to `position` is in the read store. */
  reached(position: Position): void;
  /** Called after a failed write. The caller ends the subscription and then calls `finish`. */
  failed(): void;
}

/** Documents per transaction while catching up. It saves flushes, and repeated writes of a page. */
const PENDING_MAX = 2_000;

/**
 * The work of one holder of the lease. It gathers the changes of its batches, writes them in order, one write at a
 * time, and reads on meanwhile. After a failed write it writes nothing more, because events would be left out. The next
 * term goes on from the checkpoint.
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

  /** Takes a batch and its changes. Fails when a write failed. */
  async take({ position, caughtUp }: Batch, changes: readonly Change[]): Promise<void> {
    for (const change of changes) this.#pending.add(change);
    this.#read = position;
    this.#isLive ||= caughtUp;
    if (!this.#isLive && this.#pending.size < PENDING_MAX) return;
    await this.#writing;
    // A position without changes gets no transaction of its own; `flush` stores it later.
    if (this.#pending.size === 0) return this.parts.reached(position);
    this.#write(position);
    if (this.#isLive) await this.#writing;
  }

  /** Writes what has gathered, so that other processes see it even when events come slowly. */
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
