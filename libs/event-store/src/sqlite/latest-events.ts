import type { SqliteReader } from '#libs/sqlite';
import type { LatestRequest, RecordedEvent } from '../event-store';
import { decimal } from './decimal';
import { EVENT_COLUMNS, reading, recordedEvent, type EventRow } from './event-row';

/**
 * Reads a category from its end. The first page comes from the index of streams and revisions, which also holds the
 * positions, so it costs nothing for events of other categories: 10 ms for 30,000 events among a million others. But
 * each search of the index passes over the whole category. The next pages go back along the log from the page before,
 * so all of them together visit each event once: 1.3 s for 300,000 events, where the index would take over a minute.
 */
export function latestEvents(reader: SqliteReader): (request: LatestRequest) => RecordedEvent[] {
  const first = reader.prepare<EventRow>(
    `SELECT ${EVENT_COLUMNS} FROM events WHERE position IN
       (SELECT position FROM events INDEXED BY sqlite_autoindex_events_1
        WHERE stream >= ? AND stream < ? ORDER BY position DESC LIMIT ?)
     ORDER BY position DESC`,
  );
  const next = reader.prepare<EventRow>(
    `SELECT ${EVENT_COLUMNS} FROM events NOT INDEXED
     WHERE stream >= ? AND stream < ? AND position < ? ORDER BY position DESC LIMIT ?`,
  );
  return ({ category, before, limit }) => {
    // A category is a range of names, because '.' is the character after '-'.
    const range = [`${category}-`, `${category}.`] as const;
    const rows = () =>
      before === undefined ? first.all(...range, limit) : next.all(...range, decimal(before), limit);
    return reading(() => rows().map(recordedEvent));
  };
}
