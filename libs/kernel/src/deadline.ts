import { AppError } from './app-error';
import type { ErrorCode } from './error-registry';

/**
 * Settles like `work`, or rejects with `code` after `timeoutMs`. The work itself goes on, so the caller must treat its
 * outcome as unknown.
 *
 * After a pause of the whole process (the machine slept, a garbage collection) timers run before the answers that came
 * meanwhile are read. So the deadline waits one more turn of the event loop, in which they are read.
 */
export function withDeadline<T>(work: Promise<T>, timeoutMs: number, code: ErrorCode): Promise<T> {
  // One promise and one timer, because this wraps every message between services.
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
