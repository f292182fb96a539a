/** The switches for what goes wrong. All are off at first. */
export class Faults {
  /** Answers to appends and reads leave this many milliseconds late. */
  answerDelayMs = 0;
  /** That many of the next appends are applied, and then the connections die instead of the answer. */
  cutAfterAppends = 0;
  #release: (() => void) | undefined;
  #silence: Promise<void> | undefined;

  /** Silent: requests are taken in and nothing happens to them until the silence ends; then all of it happens. */
  silence(on: boolean): void {
    if (on === (this.#silence !== undefined)) return;
    this.#release?.();
    this.#release = undefined;
    this.#silence = on ? new Promise((resolve) => (this.#release = resolve)) : undefined;
  }

  /** Undefined when nothing is to be waited for, so that the fast path stays synchronous. */
  silenced(): Promise<void> | undefined {
    return this.#silence;
  }

  async delayed(): Promise<void> {
    if (this.answerDelayMs > 0) await new Promise((resolve) => setTimeout(resolve, this.answerDelayMs));
  }

  takeCut(): boolean {
    if (this.cutAfterAppends === 0) return false;
    this.cutAfterAppends -= 1;
    return true;
  }
}
