import { setTimeout as delay } from 'node:timers/promises';
import { isAppError, type ErrorCode } from '#libs/kernel';
import { errorFields, type Logger } from '#libs/observability';

interface Wait {
  /** None: somebody else says it. */
  readonly logger?: Logger;
  /** What is waited for, for the log. */
  readonly component?: string;
  /** The failure that says it is not there yet; any other ends the wait. */
  readonly code: ErrorCode;
}

const PAUSE_MS = 500;
const REMIND_MS = 60_000;

/**
 * Tries until it works: services and engines start in any order. It waits for as long as it takes, and says so in one
 * line, with a reminder every minute, and one more line when it goes on.
 */
export async function untilThere<T>(
  attempt: () => Promise<T>,
  { logger, component, code }: Wait,
): Promise<T> {
  let remindAt = -Infinity;
  for (;;) {
    try {
      const found = await attempt();
      if (remindAt > 0) logger?.info('no longer waiting', { component });
      return found;
    } catch (error) {
      if (!isAppError(error, code)) throw error;
      if (performance.now() > remindAt) {
        const { error_code, error_name } = errorFields(error.cause ?? error);
        logger?.warn('waiting', { component, error_code, error_name });
        remindAt = performance.now() + REMIND_MS;
      }
      await delay(PAUSE_MS);
    }
  }
}
