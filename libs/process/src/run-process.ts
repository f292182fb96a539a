import { announceRefusal } from './announce';
import { endOnSignal } from './end-on-signal';

type Close = () => Promise<unknown>;

/**
 * Runs a process until SIGTERM or SIGINT. `start` hands over how to close what it has opened, as soon as it is open:
 * a process can be told to end while it still waits for others. What was opened last is closed first. A start that
 * fails is one sentence and exit code 1.
 */
export function runProcess(start: (atEnd: (close: Close) => void) => Promise<void>): void {
  const closings: Close[] = [];
  endOnSignal(async () => {
    for (const close of closings.reverse()) await close();
  });
  start((close) => closings.push(close)).catch((error: unknown) => {
    announceRefusal(error);
    process.exit(1);
  });
}
