/** Requests under way get this long after SIGTERM. Then the process exits all the same. */
const SHUTDOWN_MS_MAX = 20_000;

/**
 * Ends the process on SIGTERM or SIGINT: with code 0 once `close` is done, so that accepted requests are answered, and
 * with code 1 when that fails or takes too long. Gives a function that tells whether the process is ending.
 */
export function endOnSignal(close: () => Promise<void>): () => boolean {
  let ending = false;
  const end = () => {
    if (ending) return;
    ending = true;
    setTimeout(() => process.exit(1), SHUTDOWN_MS_MAX).unref();
    void close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  return () => ending;
}
