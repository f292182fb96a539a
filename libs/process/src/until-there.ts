import { setTimeout as delay } from 'node:timers/promises';
import { isAppError, type ErrorCode } from '#libs/kernel';
import { errorFields, type Logger } from '#libs/observability';

interface Wait {
  /** Leave it out when something else reports the wait. */
  readonly logger?: Logger;
  /** What is waited for, for the log line. */
  readonly component?: string;
  /** The error code for "not there yet". Any other failure ends the wait. */
  readonly code: ErrorCode;
}

const PAUSE_MS = 500;
const REMIND_MS = 60_000;

/**
 * Tries again until it works, without a limit, because services and engines start in any order. Logs one line when the
 * wait begins, a reminder every minute, and one line when it ends.
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
