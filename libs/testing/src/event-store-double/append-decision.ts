import type { Log } from './log';
import type { ProposedEvent, StoredEvent } from './stored-event';

export type Expected = 'any' | 'no stream' | number;

export type Decision =
  | { readonly kind: 'write' }
  | { readonly kind: 'known'; readonly last: StoredEvent }
  | { readonly kind: 'wrong revision' }
  | { readonly kind: 'too large' };

export const APPEND_BYTES_MAX = 1_048_576;

const WRITE: Decision = { kind: 'write' };
const WRONG: Decision = { kind: 'wrong revision' };

interface Append {
  readonly stream: string;
  readonly expected: Expected;
  readonly events: readonly ProposedEvent[];
}

/** What EventStoreDB 23.10 does with an append: its rules of revisions and of recognising a repetition. */
export function decideAppend(log: Log, { stream, expected, events }: Append): Decision {
  if (events.reduce((sum, event) => sum + bytesOf(event), 0) > APPEND_BYTES_MAX) return { kind: 'too large' };
  if (expected === 'any') return decideAny(log, stream, events);
  const current = log.lastRevision(stream);
  const after = expected === 'no stream' ? -1 : expected;
  // At the current revision ids are not looked at: the same event is written again.
  if (after === current) return WRITE;
  if (after > current) return WRONG;
  return decideRepetition(log, { stream, after, events });
}

function decideAny(log: Log, stream: string, events: readonly ProposedEvent[]): Decision {
  const known = events
    .map((event) => log.recent(event.id))
    .map((event) => (event?.stream === stream ? event : undefined));
  // Only the first id decides between writing and recognising; a known one further on is written again.
  if (!known[0]) return WRITE;
  const last = known.at(-1);
  return last && known.every(Boolean) ? { kind: 'known', last } : WRONG;
}

function decideRepetition(
  log: Log,
  { stream, after, events }: { stream: string; after: number; events: readonly ProposedEvent[] },
): Decision {
  const there = log.events(stream).slice(after + 1, after + 1 + events.length);
  const last = there.at(-1);
  return last && events.every((event, index) => there[index]?.id === event.id)
    ? { kind: 'known', last }
    : WRONG;
}

function bytesOf(event: ProposedEvent): number {
  return event.data.length + event.metadata.length + event.type.length * 2;
}
