import { PeriodicTask } from '#libs/kernel';
import { errorFields, type Logger } from '#libs/observability';

const INTERVAL_MS = 600_000;

interface Parts {
  readonly logger: Logger;
  /** Each removes expired records, and may be repeated. */
  readonly purges: readonly (() => Promise<unknown>)[];
}

/**
 * Removes expired records when a service starts and every ten minutes from then on, even when no request arrives. A
 * purge that fails does not stop the others, and is tried again. Nest calls the hooks.
 */
export class PeriodicPurge {
  readonly #task: PeriodicTask;

  constructor({ logger, purges }: Parts) {
    const failed = (error: unknown) =>
      logger.warn('records not purged; it will be tried again', errorFields(error));
    const round = async (signal: AbortSignal) => {
      for (const purge of purges) if (!signal.aborted) await purge().catch(failed);
    };
    this.#task = new PeriodicTask({ intervalMs: INTERVAL_MS, round, failed });
  }

  onApplicationBootstrap(): void {
    void this.#task.run();
    this.#task.begin();
  }

  onApplicationShutdown(): Promise<void> {
    return this.#task.end();
  }
}
