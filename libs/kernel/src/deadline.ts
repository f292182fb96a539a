import { AppError } from './app-error';
import type { ErrorCode } from './error-registry';

/**
 * Settles like `work`, or rejects with `code` after `timeoutMs`. The work itself is not stopped: its
 * outcome is then unknown, and the caller must treat it so.
 *
 * A process that was held up itself (the machine slept, a collection of garbage) finds its timers due before it has
 * read what came meanwhile. So what is there already is read first: one more turn of the event loop.
 */
export function withDeadline<T>(work: Promise<T>, timeoutMs: number, code: ErrorCode): Promise<T> {
  // One promise and one timer: this stands around every message between services.
  return new Promise<T>((resolve, reject) => {
    const expire = () => reject(new AppError(code));
    const timer = setTimeout(() => setImmediate(expire), timeoutMs);
    const settle =
      <R>(how: (result: R) => void) =>
      (result: R) => {
        clearTimeout(timer);
        how(result);
      };
    work.then(settle(resolve), settle(reject));
  });
}
