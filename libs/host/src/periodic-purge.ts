import { errorFields, type Logger } from '#libs/observability';

const INTERVAL_MS = 600_000;

interface Parts {
  readonly logger: Logger;
  /** Each removes what has had its time, and may be repeated. */
  readonly purges: readonly (() => Promise<unknown>)[];
}

/**
 * Removes what is kept for a time only, also where nobody asks for anything any more: when a service begins, and every ten
 * minutes from then on. One that fails keeps no other from its work, and is tried again. Nest calls the hooks.
 */
export class PeriodicPurge {
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(private readonly parts: Parts) {}

  onApplicationBootstrap(): void {
    this.#begin();
    this.#timer = setInterval(() => this.#begin(), INTERVAL_MS).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  #begin(): void {
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
  }

  async #run(): Promise<void> {
    for (const purge of this.parts.purges) {
      await purge().catch((error: unknown) =>
        this.parts.logger.warn('records not purged; it will be tried again', errorFields(error)),
      );
    }
  }
}
