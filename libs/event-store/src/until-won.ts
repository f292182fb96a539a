import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError, isAppError } from '#libs/kernel';

/** A change that lost a race is decided again on the new state this often, unless the caller named a state. */
const ATTEMPTS_MAX = 8;
/** The longest pause before the second attempt. It doubles with each, and all together take 2.5 s at most, half of a caller's deadline. */
const PAUSE_MS_MAX = 20;

/**
 * Runs `change` until it wins. Before each further attempt it waits for a random part of a pause that gets longer, so that
 * those who lost the same race do not meet again in the next. Fails with PRECONDITION_FAILED (If-Match was given) or CONCURRENT_CHANGE.
 */
export async function untilWon<T>(ifRevision: string | null, change: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await change();
    } catch (error) {
      if (!isAppError(error, 'WRONG_REVISION')) throw error;
      if (ifRevision !== null) throw new AppError('PRECONDITION_FAILED');
      if (attempt === ATTEMPTS_MAX) throw new AppError('CONCURRENT_CHANGE');
    }
    await delay(randomInt(PAUSE_MS_MAX * 2 ** (attempt - 1)));
  }
}
