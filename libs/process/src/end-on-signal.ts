/** Requests under way get this long after SIGTERM; then the process ends all the same. */
const SHUTDOWN_MS_MAX = 20_000;

/**
 * Ends the process with code 0 once `close` is done: accepted requests are answered, nothing is cut off.
 * Code 1 when that fails or takes too long. Gives a way to ask whether it is under way.
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
