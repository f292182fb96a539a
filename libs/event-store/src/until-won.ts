import { AppError, isAppError } from '#libs/kernel';

/** A change that lost a race is decided again on the new state this often, unless the caller named a state. */
const ATTEMPTS_MAX = 5;

/** Runs `change` until it wins. Fails with PRECONDITION_FAILED (If-Match was given) or CONCURRENT_CHANGE. */
export async function untilWon<T>(ifRevision: string | null, change: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await change();
    } catch (error) {
      if (!isAppError(error, 'WRONG_REVISION')) throw error;
      if (ifRevision !== null) throw new AppError('PRECONDITION_FAILED');
      if (attempt === ATTEMPTS_MAX) throw new AppError('CONCURRENT_CHANGE');
    }
  }
}
