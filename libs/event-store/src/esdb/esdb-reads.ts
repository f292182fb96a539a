import { BACKWARDS, END, FORWARDS, START, type AllStreamResolvedEvent } from '@eventstore/db-client';
import { comparePositions, type Position } from '#libs/kernel';
import type { LogSection, RecordedEvent, Revision } from '../event-store';
import { isWanted } from '../wanted-events';
import type { EsdbClient } from './esdb-client';
import { recordedEvent } from './recorded-event';

export interface StreamRead {
  readonly stream: string;
  readonly direction: 'forwards' | 'backwards';
  /** The first revision to read. Undefined starts at the beginning, or at the end when reading backwards. */
  readonly from: Revision | undefined;
  readonly limit: number;
}

/** Reads from the leader, to include the latest append. A missing or deleted stream gives no events. */
export async function readStream(client: EsdbClient, read: StreamRead): Promise<RecordedEvent[]> {
  const backwards = read.direction === 'backwards';
  const found = client.readStream(read.stream, {
    direction: backwards ? BACKWARDS : FORWARDS,
    fromRevision: read.from === undefined ? (backwards ? END : START) : BigInt(read.from),
    maxCount: read.limit,
    requiresLeader: true,
  });
  const events: RecordedEvent[] = [];
  try {
    for await (const resolved of found) events.push(recordedEvent(resolved));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  return events;
}

/** The last position in the log, system events included; null for an empty log. */
export async function readHead(client: EsdbClient): Promise<Position | null> {
  const last = client.readAll({ direction: BACKWARDS, fromPosition: END, maxCount: 1, requiresLeader: true });
  let head: Position | null = null;
  // One event is read, but the loop must run to its end: the client never releases a read that is left early.
  for await (const { event } of last) head = event?.position.commit.toString() ?? null;
  return head;
}

/** The first event in the log at or behind `position`, system events included; undefined when there is none. */
export async function readFirstFrom(
  client: EsdbClient,
  position: Position,
): Promise<AllStreamResolvedEvent | undefined> {
  const read = readForwards(client, position, 1);
  let first: AllStreamResolvedEvent | undefined;
  for await (const resolved of read) first = resolved;
  return first;
}

/** At most this many events are read, because the caller waits for the answer. */
const SECTION_EVENTS_MAX = 64;

/** The client reads one stream or the whole log, so events of other categories are read along. */
export async function holdsNone(client: EsdbClient, section: LogSection): Promise<boolean> {
  const { after, upTo } = section;
  const read = readForwards(client, after, SECTION_EVENTS_MAX);
  let seen: Position | null = null;
  let isEmpty = true;
  // The loop runs to its end, as in `readHead`. The first event is the one at `after`, which was delivered before.
  for await (const { event } of read) {
    if (!event) continue;
    const position = event.position.commit.toString();
    const isInside = comparePositions(position, after) > 0 && comparePositions(position, upTo) <= 0;
    if (isInside && isWanted(section, { stream: event.streamId, type: event.type })) isEmpty = false;
    seen = position;
  }
  return isEmpty && comparePositions(seen, upTo) >= 0;
}

function readForwards(client: EsdbClient, position: Position | null, maxCount: number) {
  const fromPosition = placeOf(position);
  return client.readAll({ direction: FORWARDS, fromPosition, maxCount, requiresLeader: true });
}

/** A position as the client takes it. No event of the server has position 0, so that is the beginning, as null is. */
export function placeOf(position: Position | null) {
  const commit = BigInt(position ?? 0);
  return commit === 0n ? START : { commit, prepare: commit };
}

/** All errors of the client have the name "Error", so their `type` is compared. */
function isMissing(error: unknown): boolean {
  const type = error instanceof Error && 'type' in error ? error.type : undefined;
  return type === 'stream-not-found' || type === 'stream-deleted';
}
