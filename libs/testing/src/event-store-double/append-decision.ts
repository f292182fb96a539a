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

/** Decides an append as EventStoreDB 23.10 does, which checks the expected revision and recognises repeated appends. */
export function decideAppend(log: Log, { stream, expected, events }: Append): Decision {
  if (events.reduce((sum, event) => sum + bytesOf(event), 0) > APPEND_BYTES_MAX) return { kind: 'too large' };
  if (expected === 'any') return decideAny(log, stream, events);
  const current = log.lastRevision(stream);
  const after = expected === 'no stream' ? -1 : expected;
  // At the current revision the server does not compare ids, and writes the same event again.
  if (after === current) return WRITE;
  if (after > current) return WRONG;
  return decideRepetition(log, { stream, after, events });
}

function decideAny(log: Log, stream: string, events: readonly ProposedEvent[]): Decision {
  const known = events
    .map((event) => log.recent(event.id))
    .map((event) => (event?.stream === stream ? event : undefined));
  // If the first id is new, the server writes all events, even one whose id it knows.
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
