interface Options {
  readonly intervalMs: number;
  /** May be repeated, and may be cut short at the signal, which is given at the end. */
  readonly round: (signal: AbortSignal) => Promise<unknown>;
  /** Hears why a round failed. The next one comes all the same. */
  readonly failed: (error: unknown) => void;
}

/** What a service does again and again for as long as it runs: one round at a time, of which none outlives the end. */
export class PeriodicTask {
  readonly #ending = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(private readonly options: Options) {}

  /** The first round begins after one interval. */
  begin(): void {
    this.#timer = setInterval(() => void this.run(), this.options.intervalMs).unref();
  }

  /** A round now, or the end of the one under way. Never rejects. */
  run(): Promise<void> {
    return (this.#running ??= this.#round().finally(() => (this.#running = undefined)));
  }

  /** Resolves when the round under way has ended. */
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
