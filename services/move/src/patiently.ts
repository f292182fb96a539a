import { setTimeout as delay } from 'node:timers/promises';
import { isAppError } from '#libs/kernel';

const RETRY_MS = 500;
const PATIENCE_MS = 30_000;

/** Repeats a write while it fails with STORE_UNAVAILABLE, for up to 30 seconds. Repeating it must be harmless. */
export async function patiently<T>(write: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await write();
    } catch (error) {
      if (!isAppError(error, 'STORE_UNAVAILABLE') || performance.now() > giveUpAt) throw error;
      await delay(RETRY_MS);
    }
  }
}
