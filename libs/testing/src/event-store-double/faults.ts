/** Switches for faults. All are off at first. */
export class Faults {
  /** Delays the answers to appends and reads by this many milliseconds. */
  answerDelayMs = 0;
  /** For this many of the next appends, all connections are cut after the append instead of an answer. */
  cutAfterAppends = 0;
  #release: (() => void) | undefined;
  #silence: Promise<void> | undefined;

  /** While the silence is on, requests are accepted but not handled. When it ends, they are handled. */
  silence(on: boolean): void {
    if (on === (this.#silence !== undefined)) return;
    this.#release?.();
    this.#release = undefined;
    this.#silence = on ? new Promise((resolve) => (this.#release = resolve)) : undefined;
  }

  /** Resolves when the silence ends. Undefined without a silence, so that callers then stay synchronous. */
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
