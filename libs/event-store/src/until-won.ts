import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { AppError, isAppError } from '#libs/kernel';

/** A change that lost a race is decided again on the new state, at most this often in all. */
const ATTEMPTS_MAX = 8;
/** The longest first pause. It doubles each time; in all at most 2.5 s, half of a caller's deadline. */
const PAUSE_MS_MAX = 20;

/**
 * Runs `change` again while it fails with WRONG_REVISION. Each pause has a random length, so that commands which lost
 * the same race do not collide again. Fails with PRECONDITION_FAILED at once when If-Match was given (`ifRevision`), or
 * with CONCURRENT_CHANGE after the last attempt.
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
