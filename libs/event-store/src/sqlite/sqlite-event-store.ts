import { EventEmitter } from 'node:events';
import { AppError, withDeadline, type PeriodicTask, type Position } from '#libs/kernel';
import { openSqliteFile, SoleWriterCache, type SqliteReader, type SqliteWriter } from '#libs/sqlite';
import { checkAppend, checkRead, type CheckedAppend } from '../check-request';
import type {
  Appended,
  AppendRequest,
  Batch,
  EventStore,
  EventStoreOptions,
  JsonObject,
  LogSection,
  ReadRequest,
  RecordedEvent,
  Retention,
  SubscribeRequest,
  TruncateRequest,
} from '../event-store';
import { assertOwned } from '../stream-name';
import { decimal } from './decimal';
import { appendJob, DELETED_ROWS_MAX, type EventLogJobs } from './event-log.jobs';
import { EVENT_COLUMNS, reading, recordedEvent, type EventRow } from './event-row';
import { headOf, holdsNone, subscribeToLog, type WrittenLog } from './log-subscription';
import { RecentEvents } from './recent-events';
import { startRetention } from './retention';

/**
 * Opens the log in an SQLite file, by its absolute path. Fails with STORE_LOCKED, STORE_CORRUPT or DATA_DIR_UNUSABLE,
 * naming the file.
 */
export async function openSqliteEventStore(
  file: string,
  { retention }: EventStoreOptions = {},
): Promise<EventStore> {
  const jobs = require.resolve('./event-log.jobs');
  return openSqliteFile<EventLogJobs, EventStore>(
    { file, jobs, thread: 'log' },
    (writer, reader) => new SqliteEventStore(writer, reader, retention),
  );
}

const PING_TIMEOUT_MS = 1000;
const ENDS_KEPT_MAX = 50_000;
/** Index of the revision in an `EventRow`. */
const REVISION = 2;

class SqliteEventStore implements EventStore {
  readonly isRemote = false;
  readonly #appended: WrittenLog['appended'] = new EventEmitter<{ appended: [] }>().setMaxListeners(0);
  readonly #recent = new RecentEvents();
  readonly #closing = new AbortController();
  /** The last revision of each stream that was read to its end. A read behind it is answered without a query. */
  readonly #ends = new SoleWriterCache<number>(ENDS_KEPT_MAX);
  readonly #retention: PeriodicTask | undefined;
  readonly #head: () => number;
  readonly #forwards;
  readonly #backwards;

  constructor(
    private readonly writer: SqliteWriter<EventLogJobs>,
    private readonly reader: SqliteReader,
    retention: Retention | undefined,
  ) {
    this.#forwards = reader.prepare<EventRow>(
      `SELECT ${EVENT_COLUMNS} FROM events WHERE stream = ? AND revision >= ? ORDER BY revision LIMIT ?`,
    );
    this.#backwards = reader.prepare<EventRow>(
      `SELECT ${EVENT_COLUMNS} FROM events WHERE stream = ? AND revision <= ? ORDER BY revision DESC LIMIT ?`,
    );
    this.#head = headOf(reader);
    this.#retention = retention && startRetention(writer, retention);
  }

  async append(request: AppendRequest): Promise<Appended> {
    const { stream } = request;
    const checked = checkAppend(request);
    const { events, metadata } = checked;
    const job = appendJob({ stream, expected: expectedRevision(request.expected), metadata, events });
    try {
      const outcome = await this.#ends.whileWriting([stream], () => this.writer.run('append', job));
      if (outcome === 'wrong revision') throw new AppError('WRONG_REVISION');
      const [revision, position, duplicate] = outcome;
      if (!duplicate) this.#remember(request, checked, { revision, position });
      return { revision: String(revision), position: String(position), duplicate };
    } finally {
      // Emitted after a failure too, because the events may have been written.
      this.#appended.emit('appended');
    }
  }

  async appendInOrder(requests: readonly AppendRequest[]): Promise<void> {
    const jobs = requests.map((request) => {
      const { stream, expected } = request;
      return appendJob({ stream, expected: expectedRevision(expected), ...checkAppend(request) });
    });
    const streams = requests.map(({ stream }) => stream);
    try {
      const write = () => this.writer.run('appendInOrder', jobs);
      const outcome = await this.#ends.whileWriting(streams, write);
      if (outcome === 'wrong revision') throw new AppError('WRONG_REVISION');
    } finally {
      this.#appended.emit('appended');
    }
  }

  /** Called in the order of the positions, because the writer answers in the order in which it wrote. */
  #remember(
    { stream, events, metadata }: AppendRequest,
    checked: CheckedAppend,
    end: { revision: number; position: number },
  ): void {
    checked.events.forEach(({ id, type, data }, index) => {
      const behind = checked.events.length - 1 - index;
      const event = {
        id,
        stream,
        revision: String(end.revision - behind),
        position: String(end.position - behind),
        type,
        data: events[index]?.data as JsonObject,
        metadata,
      };
      this.#recent.add(event, data.length);
    });
  }

  async read(request: ReadRequest): Promise<RecordedEvent[]> {
    checkRead(request);
    const { stream, direction, from, limit } = request;
    return direction === 'backwards'
      ? this.#readBackwards(stream, from === undefined ? Number.MAX_SAFE_INTEGER : decimal(from), limit)
      : this.#readForwards(stream, decimal(from ?? '0'), limit);
  }

  #readBackwards(stream: string, from: number, limit: number): RecordedEvent[] {
    // Most calls ask for the last event only, and the driver reads one row in half the time of a list.
    if (limit > 1) return reading(() => this.#backwards.all(stream, from, limit).map(recordedEvent));
    const row = reading(() => this.#backwards.get(stream, from, 1));
    return row ? [reading(() => recordedEvent(row))] : [];
  }

  #readForwards(stream: string, from: number, limit: number): RecordedEvent[] {
    if (from > (this.#ends.get(stream) ?? Infinity)) return [];
    const rows = reading(() => this.#forwards.all(stream, from, limit));
    if (rows.length < limit) this.#ends.keep(stream, rows.at(-1)?.[REVISION] ?? from - 1);
    return reading(() => rows.map(recordedEvent));
  }

  subscribe(request: SubscribeRequest): AsyncIterable<Batch> {
    const signal = AbortSignal.any([request.signal, this.#closing.signal]);
    return subscribeToLog(this.#log, { ...request, signal });
  }

  async holdsNone(section: LogSection): Promise<boolean> {
    return holdsNone(this.#log, section);
  }

  get #log(): WrittenLog {
    return { reader: this.reader, appended: this.#appended, recent: this.#recent };
  }

  async head(): Promise<Position | null> {
    const head = this.#head();
    return head === 0 ? null : String(head);
  }

  async truncate({ orgId, stream, before }: TruncateRequest): Promise<void> {
    assertOwned({ orgId, stream });
    const job = { stream, before: decimal(before) };
    while ((await this.writer.run('truncate', job)) === DELETED_ROWS_MAX);
  }

  async ping(): Promise<void> {
    await withDeadline(this.writer.run('ping', undefined), PING_TIMEOUT_MS, 'STORE_UNAVAILABLE');
    this.#ends.settled();
    // An append that was reported as failed may have been written. This is when subscribers hear of it.
    this.#appended.emit('appended');
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#retention?.end();
    await this.writer.close();
    this.reader.close();
  }
}

function expectedRevision(expected: AppendRequest['expected']): number | null {
  if (expected === 'any') return null;
  return expected === 'no stream' ? -1 : decimal(expected.revision);
}
