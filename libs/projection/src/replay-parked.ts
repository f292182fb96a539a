import type { EventStore, RecordedEvent } from '#libs/event-store';
import type { Position } from '#libs/kernel';
import type { Change, Document, ReadStore } from '#libs/read-store';
import { parkedCollection } from './parked-events';
import type { Projection } from './projection';

interface Replay {
  readonly projection: Projection;
  /** The name of the checkpoint and the lease. */
  readonly key: string;
  readonly events: Pick<EventStore, 'subscribe'>;
  readonly reads: ReadStore;
  readonly signal: AbortSignal;
  /** Gives the checked changes of an event. Throws when it still cannot be applied. */
  changesOf(event: RecordedEvent): readonly Change[];
  write(changes: readonly Change[]): Promise<void>;
}

/** At most this many are tried again. With more, the projection is broken, and its next version reads the whole log. */
const REPLAYED_MAX = 1_000;
const AT_ONCE = 100;

/**
 * Tries parked events again, because a new process may have the mistake mended. An event may come late: a document that
 * a later event has written refuses it.
 */
export async function replayParked(replay: Replay): Promise<void> {
  const { key, reads, signal } = replay;
  for (let skip = 0, seen = 0; seen < REPLAYED_MAX && !signal.aborted;) {
    const sort = { field: 'position', direction: 'ascending' } as const;
    const query = { where: { projection: key }, sort, skip, limit: AT_ONCE };
    const notes = await reads.find(parkedCollection.name, query);
    if (notes.length === 0) return;
    for (const note of notes) if (!(await retried(replay, note))) skip += 1;
    seen += notes.length;
  }
}

/** False when the event stays parked or reading was cut short. After a stop between the writes it is tried again. */
async function retried(replay: Replay, note: Document): Promise<boolean> {
  const found = await eventAt(replay, String(note['position']));
  if (found === 'unknown') return false;
  // The event has aged out, and with it what it would have changed.
  const changes = found === 'gone' ? [] : changesIfAny(replay, found);
  if (changes === null) return false;
  if (changes.length > 0) await replay.write(changes);
  await replay.reads.remove(parkedCollection.name, note.id);
  return true;
}

function changesIfAny(replay: Replay, event: RecordedEvent): readonly Change[] | null {
  try {
    return replay.changesOf(event);
  } catch {
    return null;
  }
}

/** `gone`: the log goes on behind the position without it. `unknown`: a stop or a lost lease came first. */
async function eventAt(
  { events, projection, signal }: Replay,
  position: Position,
): Promise<RecordedEvent | 'gone' | 'unknown'> {
  const { categories, types } = projection;
  const after = (BigInt(position) - 1n).toString();
  const found = new AbortController();
  const request = { after, categories, types, batchMax: 1, signal: AbortSignal.any([signal, found.signal]) };
  for await (const batch of events.subscribe(request)) {
    found.abort();
    const [event] = batch.events;
    if (event?.position === position) return event;
    if (event || batch.caughtUp) return 'gone';
  }
  return 'unknown';
}
