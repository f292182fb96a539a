import { decideAppend, type Expected } from './append-decision';
import type { Faults } from './faults';
import type { Log } from './log';
import type { ProposedEvent } from './stored-event';

/** The parts of a double that its call handlers share. */
export interface Core {
  readonly log: Log;
  readonly faults: Faults;
  /** Cuts all connections. */
  drop(): void;
}

export interface Append {
  readonly stream: string;
  readonly expected: Expected;
  readonly events: readonly ProposedEvent[];
}

export type Outcome =
  | { readonly kind: 'success'; readonly revision: number; readonly position: number | undefined }
  | { readonly kind: 'wrong revision'; readonly current: number; readonly expected: Expected }
  | { readonly kind: 'too large' };

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** True if an id is not a UUID or a type is missing. The real server then ends the whole call with an error. */
export function isMalformed(events: readonly ProposedEvent[]): boolean {
  return events.some((event) => !UUID.test(event.id) || event.type === '');
}

/**
 * Appends, and gives the outcome to `answer` once the events are durable: later when answers are delayed, never when
 * the connections are cut instead (`Faults`).
 */
export async function applyAppend(
  core: Core,
  append: Append,
  answer: (outcome: Outcome) => void,
): Promise<void> {
  const silence = core.faults.silenced();
  if (silence) await silence;
  const decision = decideAppend(core.log, append);
  const settle = (outcome: Outcome) => {
    if (core.faults.takeCut()) return core.drop();
    if (core.faults.answerDelayMs === 0) return answer(outcome);
    return void core.faults.delayed().then(() => answer(outcome));
  };
  switch (decision.kind) {
    case 'write':
      return write(core, append, settle);
    case 'known':
      return settle({ kind: 'success', revision: decision.last.revision, position: decision.last.position });
    case 'wrong revision':
      return settle({
        kind: 'wrong revision',
        current: core.log.lastRevision(append.stream),
        expected: append.expected,
      });
    default:
      return settle({ kind: decision.kind });
  }
}

function write({ log }: Core, { stream, events }: Append, settle: (outcome: Outcome) => void): void {
  const next = log.lastRevision(stream) + 1;
  const last = log.write(stream, events).at(-1);
  log.durable(() =>
    settle({ kind: 'success', revision: last?.revision ?? next - 1, position: last?.position }),
  );
}
