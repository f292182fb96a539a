interface Options {
  readonly intervalMs: number;
  /** Does one round, which must be repeatable. It may stop early when `end` aborts the signal. */
  readonly round: (signal: AbortSignal) => Promise<unknown>;
  /** Is told why a round failed. The next round runs all the same. */
  readonly failed: (error: unknown) => void;
}

/** Runs a task of a service again and again, one round at a time. No round runs on after `end`. */
export class PeriodicTask {
  readonly #ending = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(private readonly options: Options) {}

  /** Starts the timer. The first round begins after one interval. */
  begin(): void {
    this.#timer = setInterval(() => void this.run(), this.options.intervalMs).unref();
  }

  /** Runs a round now, or waits for the one under way. Never rejects. */
  run(): Promise<void> {
    return (this.#running ??= this.#round().finally(() => (this.#running = undefined)));
  }

  /** Starts no more rounds, and resolves when the one under way has ended. */
  async end(): Promise<void> {
    this.#ending.abort();
    clearInterval(this.#timer);
    await this.#running;
  }

  async #round(): Promise<void> {
    const { round, failed } = this.options;
    const { signal } = this.#ending;
    if (!signal.aborted) await round(signal).catch(failed);
  }
}
