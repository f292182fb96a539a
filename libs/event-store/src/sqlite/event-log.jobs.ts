import type { Connection } from '#libs/sqlite';
import { LRUCache } from 'lru-cache';
import type { CheckedAppend, CheckedEvent } from '../check-request';

interface Append extends CheckedAppend {
  readonly stream: string;
  /** The last revision that the stream must have: -1 for no stream, null for any. */
  readonly expected: number | null;
}

/** An append for the writer thread. The flat list of event fields is copied in less than half the time of objects. */
export type AppendJob = readonly [
  stream: string,
  expected: number | null,
  metadata: string,
  ...events: readonly string[],
];

/** Revisions and positions are numbers here, because SQLite counts them and no log reaches 2^53 events. */
export type AppendOutcome =
  readonly [revision: number, position: number, duplicate: boolean] | 'wrong revision';

export function appendJob({ stream, expected, metadata, events }: Append): AppendJob {
  const job: [string, number | null, string, ...string[]] = [stream, expected, metadata];
  for (const { id, type, data } of events) job.push(id, type, data);
  return job;
}

export type EventLogJobs = ReturnType<typeof setup>;

/** Each event takes an id, a type and data. */
const FIELDS_PER_EVENT = 3;
/** One job deletes at most this many rows, so that an append waits only a few milliseconds for it. */
export const DELETED_ROWS_MAX = 1000;
const VISITED_STREAMS_MAX = 100;

// Without AUTOINCREMENT, SQLite gives the position of a deleted last event to the next event. A subscriber that has
// passed this position would skip the new event.
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS events(
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    stream TEXT NOT NULL,
    revision INTEGER NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    data TEXT NOT NULL,
    metadata TEXT NOT NULL,
    UNIQUE(stream, revision)
  );
  CREATE TABLE IF NOT EXISTS truncated(stream TEXT PRIMARY KEY, last INTEGER NOT NULL) WITHOUT ROWID;
`;

export function setup(db: Connection) {
  db.exec(SCHEMA);
  const append = appending(db);
  return { append, appendInOrder: inOrder(append), ...deletionJobs(db), ping: () => null };
}

function appending(db: Connection) {
  const last = lastRevision(db);
  const insert = db.prepare(
    'INSERT INTO events(stream, revision, id, type, data, metadata) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const following = db.prepare<[id: string, position: number]>(
    'SELECT id, position FROM events WHERE stream = ? AND revision > ? ORDER BY revision LIMIT ?',
  );
  const recent = recentAppends(db);

  function write({ stream, events, metadata }: Append, after: number): AppendOutcome {
    let position = 0;
    events.forEach(({ id, type, data }, index) => {
      const revision = after + 1 + index;
      position = Number(insert.run(stream, revision, id, type, data, metadata).lastInsertRowid);
      recent.set(id, { revision, position });
    });
    return [after + events.length, position, false];
  }

  /** The stream is not at the expected revision. If our own events follow on that one, this is a repetition. */
  function retry({ stream, events }: Append, after: number): AppendOutcome {
    const stored = following.all(stream, after, events.length);
    const position = stored.at(-1)?.[1];
    const ours = stored.length === events.length && stored.every(([id], index) => id === events[index]?.id);
    if (!ours || position === undefined) return 'wrong revision';
    return [after + events.length, position, true];
  }

  return (sent: AppendJob): AppendOutcome => {
    const job = received(sent);
    const current = last(job.stream);
    if (job.expected !== null)
      return job.expected === current ? write(job, current) : retry(job, job.expected);
    const known = job.events.map(({ id }) => recent.get(id));
    const end = known.at(-1);
    if (known.every((place) => place === undefined)) return write(job, current);
    return end && !known.includes(undefined) ? [end.revision, end.position, true] : 'wrong revision';
  };
}

function received([stream, expected, metadata, ...fields]: AppendJob): Append {
  const events: CheckedEvent[] = [];
  for (let at = 0; at < fields.length; at += FIELDS_PER_EVENT) {
    const [id = '', type = '', data = ''] = fields.slice(at, at + FIELDS_PER_EVENT);
    events.push({ id, type, data });
  }
  return { stream, expected, metadata, events };
}

/** Runs the appends in order and stops at the first refusal. Gives the outcome of the last one it ran. */
function inOrder(append: (job: AppendJob) => AppendOutcome) {
  return (jobs: readonly AppendJob[]): AppendOutcome | undefined => {
    let outcome: AppendOutcome | undefined;
    for (const job of jobs) {
      outcome = append(job);
      if (outcome === 'wrong revision') return outcome;
    }
    return outcome;
  };
}

/** Gives the revision of a stream's last event, even when the event was truncated; -1 when the stream never had one. */
function lastRevision(db: Connection): (stream: string) => number {
  const select = db.prepare<[number]>(
    `SELECT coalesce((SELECT max(revision) FROM events WHERE stream = ?1),
                     (SELECT last FROM truncated WHERE stream = ?1), -1)`,
  );
  return (stream) => select.get(stream)?.[0] ?? -1;
}

interface Place {
  readonly revision: number;
  readonly position: number;
}

const RECENT_MAX = 10_000;
const RECENT_AT_START = 1000;

/**
 * The places of the latest events by id. They make it safe to repeat an append that expects any revision. Their number
 * is bounded, because repetitions follow soon. The first are read from the file, because a client may repeat an append
 * after a restart. Not a Map, because finding its oldest entry steps over all that were deleted before.
 */
function recentAppends(db: Connection) {
  const places = new LRUCache<string, Place>({ max: RECENT_MAX });
  const tail = db.prepare<[id: string, revision: number, position: number]>(
    'SELECT id, revision, position FROM events ORDER BY position DESC LIMIT ?',
  );
  for (const [id, revision, position] of tail.all(RECENT_AT_START).reverse())
    places.set(id, { revision, position });
  return places;
}

function deletionJobs(db: Connection) {
  const last = lastRevision(db);
  const forget = db.prepare(
    'INSERT INTO truncated VALUES (?, ?) ON CONFLICT DO UPDATE SET last = excluded.last',
  );
  const truncate = db.prepare(
    `DELETE FROM events WHERE position IN
       (SELECT position FROM events WHERE stream = ? AND revision < ? ORDER BY revision LIMIT ?)`,
  );
  const nextStream = db.prepare<[string | null]>(
    'SELECT min(stream) FROM events WHERE stream > ? AND stream < ?',
  );
  const firstTime = db.prepare<[string]>(
    `SELECT metadata ->> 'occurredAt' FROM events WHERE stream = ? ORDER BY revision LIMIT 1`,
  );
  const expire = db.prepare(
    `DELETE FROM events WHERE position IN
       (SELECT position FROM (SELECT position, metadata FROM events WHERE stream = ? ORDER BY revision LIMIT ?)
        WHERE metadata ->> 'occurredAt' < ?)`,
  );

  return {
    /** One step of a truncation. Gives the rows it deleted; fewer than DELETED_ROWS_MAX end the truncation. */
    truncate({ stream, before }: { stream: string; before: number }): number {
      const end = last(stream);
      if (before > end && end >= 0) forget.run(stream, end);
      return truncate.run(stream, before, DELETED_ROWS_MAX).changes;
    },

    /**
     * Does one step through the streams of a category, in the order of their names, from the first behind `after`. It
     * deletes what occurred before `time` (ISO 8601). Gives the next `after`, or null at the end. A stream that loses
     * all its events starts again at revision 0, so this is for streams that get no more events by then.
     */
    expire({ category, time, after }: { category: string; time: string; after: string }): string | null {
      let done = after;
      let budget = DELETED_ROWS_MAX;
      for (let visited = 0; visited < VISITED_STREAMS_MAX; visited += 1) {
        // '.' is the character after '-', so this range of names is the category.
        const stream = nextStream.get(done, `${category}.`)?.[0];
        if (typeof stream !== 'string') return null;
        const first = firstTime.get(stream)?.[0];
        if (first && first < time) budget -= expire.run(stream, budget, time).changes;
        if (budget === 0) return done;
        done = stream;
      }
      return done;
    },
  };
}
