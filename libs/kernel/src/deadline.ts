import { AppError } from './app-error';
import type { ErrorCode } from './error-registry';

/**
 * Settles like `work`, or rejects with `code` after `timeoutMs`. The work itself is not stopped: its
 * outcome is then unknown, and the caller must treat it so.
 */
export async function withDeadline<T>(work: Promise<T>, timeoutMs: number, code: ErrorCode): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new AppError(code, { retryAfterSeconds: 1 })), timeoutMs);
  });
  try {
    return await Promise.race([work, expiry]);
  } finally {
    clearTimeout(timer);
  }
}
