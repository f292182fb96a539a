import { once, type EventEmitter } from 'node:events';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { isAppError } from '#libs/kernel';
import type { SqliteReader } from '#libs/sqlite';
import { assertPartOfLog } from '../assert-part-of-log';
import type { Batch, LogSection, RecordedEvent, SubscribeRequest } from '../event-store';
import { isWanted } from '../wanted-events';
import { decimal } from './decimal';
import { EVENT_COLUMNS, reading, recordedEvent, type EventRow } from './event-row';
import type { RecentEvents } from './recent-events';

/** Rows to read and positions to search before the event loop gets a turn: about a millisecond each. */
const PAGE_ROWS_MAX = 200;
const PAGE_POSITIONS_MAX = 5000;
const BATCH_EVENTS_DEFAULT = 1000;
const RETRY_MS = 1000;

/** The log, with what the process that writes it knows besides the file. */
export interface WrittenLog {
  readonly reader: SqliteReader;
  /** Emitted whenever the log may have grown. */
  readonly appended: EventEmitter<{ appended: [] }>;
  readonly recent: RecentEvents;
}

/**
 * Follows the log. A batch is read only when the consumer asks for it, so a slow consumer holds one batch. At the end
 * of the log it waits for `appended`, so an idle one costs nothing. Fails with INTEGRITY_ERROR when the log ends before
 * `after`.
 */
export async function* subscribeToLog(
  { reader, appended, recent }: WrittenLog,
  request: SubscribeRequest,
): AsyncGenerator<Batch> {
  const { signal, after, batchMax = BATCH_EVENTS_DEFAULT } = request;
  const log = filteredLog(reader, recent, request);
  let position = after === null ? 0 : decimal(after);
  assertPartOfLog(String(position), String(log.head()));
  // The first batch is given at once, even without events, so that the consumer learns whether it has caught up.
  let caughtUp = false;
  while (!signal.aborted) {
    const batch = await ifReadable(signal, async () => {
      if (caughtUp) await growth(log, { after: position, appended, signal });
      return readBatch(log, { after: position, batchMax, signal });
    });
    if (!batch) continue;
    ({ position, caughtUp } = batch);
    yield { ...batch, position: String(position) };
  }
}

/** Gives undefined after an abort, and one second after the file could not be read. The caller then tries again. */
async function ifReadable<T>(signal: AbortSignal, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (signal.aborted) return undefined;
    if (!isAppError(error, 'STORE_UNAVAILABLE')) throw error;
    return delay(RETRY_MS, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

async function growth(
  log: FilteredLog,
  wait: { after: number; appended: WrittenLog['appended']; signal: AbortSignal },
) {
  const { after, appended, signal } = wait;
  while (log.head() <= after) await once(appended, 'appended', { signal });
  // The callers whose commit caused the event are answered first.
  await nextTurn();
}

/** True when the log reaches `upTo` and holds no wanted event behind `after` up to there. False for a long section. */
export function holdsNone({ reader, recent }: WrittenLog, section: LogSection): boolean {
  const { after, upTo, categories, types } = section;
  const log = filteredLog(reader, recent, { categories, types });
  const [from, until] = [after === null ? 0 : decimal(after), decimal(upTo)];
  if (until > log.head() || until - from > PAGE_POSITIONS_MAX) return false;
  return log.page(from, until, 1).length === 0;
}

async function readBatch(
  log: FilteredLog,
  request: { after: number; batchMax: number; signal: AbortSignal },
) {
  const { after, batchMax, signal } = request;
  const head = log.head();
  const recent = log.recent(after, batchMax);
  if (recent) return { ...recent, caughtUp: recent.position >= head };
  const events: RecordedEvent[] = [];
  let position = after;
  for (;;) {
    signal.throwIfAborted();
    const limit = Math.min(PAGE_ROWS_MAX, batchMax - events.length);
    const until = Math.min(head, position + PAGE_POSITIONS_MAX);
    const page = log.page(position, until, limit);
    events.push(...page);
    // A full page may lack events up to `until`. A shorter page does not.
    position = page.length < limit ? until : Number(page.at(-1)?.position);
    if (position >= head || events.length >= batchMax)
      return { events, position, caughtUp: position >= head };
    await nextTurn();
  }
}

interface FilteredLog {
  /** The events behind `after` from memory; undefined when some are missing there, or none is newer. */
  recent(after: number, limit: number): { events: RecordedEvent[]; position: number } | undefined;
  /** The highest position ever given, 0 before the first. Read it before the pages that lead up to it. */
  head(): number;
  page(after: number, until: number, limit: number): RecordedEvent[];
}

function filteredLog(
  reader: SqliteReader,
  recent: RecentEvents,
  wanted: Pick<SubscribeRequest, 'categories' | 'types'>,
): FilteredLog {
  const { categories, types } = wanted;
  // A category is a range of names, because '.' is the character after '-'.
  const inCategory = categories.map(() => '(stream >= ? AND stream < ?)').join(' OR ') || '1';
  const ofType = types.length > 0 ? `type IN (${types.map(() => '?').join(', ')})` : '1';
  const filter = [...categories.flatMap((category) => [`${category}-`, `${category}.`]), ...types];
  const page = reader.prepare<EventRow>(
    `SELECT ${EVENT_COLUMNS} FROM events WHERE position > ? AND position <= ? AND (${inCategory}) AND ${ofType}
     ORDER BY position LIMIT ?`,
  );
  return {
    recent(after, limit) {
      const written = recent.after(after, limit);
      const position = Number(written?.at(-1)?.position);
      return written?.length
        ? { events: written.filter((event) => isWanted(wanted, event)), position }
        : undefined;
    },
    head: headOf(reader),
    page: (after, until, limit) =>
      reading(() => page.all(after, until, ...filter, limit).map((row) => recordedEvent(row))),
  };
}

export function headOf(reader: SqliteReader): () => number {
  const head = reader.prepare<[number]>("SELECT seq FROM sqlite_sequence WHERE name = 'events'");
  return () => reading(() => head.get()?.[0] ?? 0);
}
