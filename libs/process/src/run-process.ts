import { announceRefusal } from './announce';
import { endOnSignal } from './end-on-signal';

type Close = () => Promise<unknown>;

/** The exit code for wrong usage, by convention of the shell. */
export const USAGE_ERROR = 2;

/**
 * Runs a process until SIGTERM or SIGINT. `start` passes to `atEnd` how to close each thing as soon as it is open,
 * because a signal may come while it still waits for others. What was opened last is closed first. A start that fails
 * prints one sentence and exits with code 1. No process takes arguments: they end it with code 2.
 */
export function runProcess(start: (atEnd: (close: Close) => void) => Promise<void>): void {
  refuseArguments(process.argv.slice(2));
  const closings: Close[] = [];
  const isEnding = endOnSignal(async () => {
    for (const close of closings.reverse()) await close();
  });
  start((close) => closings.push(close)).catch((error: unknown) => {
    // A signal came during the start, and what the start was using has been closed.
    if (isEnding()) return;
    announceRefusal(error);
    process.exit(1);
  });
}

function refuseArguments(given: readonly string[]): void {
  if (given.length === 0) return;
  // eslint-disable-next-line no-console -- for a person; logs are of processes that run
  console.error('This takes no arguments, only settings: npm start -- --help lists them.');
  process.exit(given.includes('--help') ? 0 : USAGE_ERROR);
}
