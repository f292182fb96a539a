import { announceRefusal } from './announce';
import { endOnSignal } from './end-on-signal';

type Close = () => Promise<unknown>;

/** By convention of the shell: the command was called wrongly. */
export const USAGE_ERROR = 2;

/**
 * Runs a process until SIGTERM or SIGINT. `start` hands over how to close what it has opened, as soon as it is open:
 * a process can be told to end while it still waits for others. What was opened last is closed first. A start that
 * fails is one sentence and exit code 1; one with arguments, which no process takes, code 2.
 */
export function runProcess(start: (atEnd: (close: Close) => void) => Promise<void>): void {
  refuseArguments(process.argv.slice(2));
  const closings: Close[] = [];
  const isEnding = endOnSignal(async () => {
    for (const close of closings.reverse()) await close();
  });
  start((close) => closings.push(close)).catch((error: unknown) => {
    // Told to end while it starts: what it was starting on has been closed under it.
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
