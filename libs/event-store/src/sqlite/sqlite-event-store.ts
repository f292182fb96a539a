import { EventEmitter } from 'node:events';
import { AppError, withDeadline } from '#libs/kernel';
import { openSqliteReader, openSqliteWriter, type SqliteReader, type SqliteWriter } from '#libs/sqlite';
import { checkAppend } from '../check-append';
import {
  READ_LIMIT_MAX,
  type Appended,
  type AppendRequest,
  type Batch,
  type EventStore,
  type EventStoreOptions,
  type Position,
  type ReadRequest,
  type RecordedEvent,
  type Retention,
  type Revision,
  type SubscribeRequest,
} from '../event-store';
import { assertOwned } from '../stream-name';
import { decimal } from './decimal';
import { DELETED_ROWS_MAX, type EventLogJobs } from './event-log.jobs';
import { EVENT_COLUMNS, reading, recordedEvent, type EventRow } from './event-row';
import { headOf, subscribeToLog, type AppendSignal } from './log-subscription';
import { startRetention } from './retention';

export interface SqliteEventStoreOptions extends EventStoreOptions {
  /** Absolute path. Its directory exists. */
  readonly file: string;
}

/** Fails with STORE_LOCKED, STORE_CORRUPT or DATA_DIR_UNUSABLE, naming the file. */
export async function openSqliteEventStore({
  file,
  retention,
}: SqliteEventStoreOptions): Promise<EventStore> {
  const jobs = require.resolve('./event-log.jobs');
  const writer = await openSqliteWriter<EventLogJobs>({ file, jobs, thread: 'log' });
  return new SqliteEventStore(writer, openSqliteReader(file), retention);
}

const PING_TIMEOUT_MS = 1000;

class SqliteEventStore implements EventStore {
  readonly #appended: AppendSignal = new EventEmitter<{ appended: [] }>().setMaxListeners(0);
  readonly #closing = new AbortController();
  readonly #stopRetention: () => void;
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
    const sweeps = retention && retention.sweeps !== false;
    this.#stopRetention = sweeps ? startRetention(writer, retention) : () => undefined;
  }

  async append(request: AppendRequest): Promise<Appended> {
    const job = toJob(request);
    try {
      const outcome = await this.writer.run('append', job);
      if (outcome === 'wrong revision') throw new AppError('WRONG_REVISION');
      const { revision, position, duplicate } = outcome;
      return { revision: String(revision), position: String(position), duplicate };
    } finally {
      // After a failure, too: the outcome is unknown.
      this.#appended.emit('appended');
    }
  }

  async appendInOrder(requests: readonly AppendRequest[]): Promise<void> {
    const jobs = requests.map(toJob);
    try {
      const outcome = await this.writer.run('appendInOrder', jobs);
      if (outcome === 'wrong revision') throw new AppError('WRONG_REVISION');
    } finally {
      this.#appended.emit('appended');
    }
  }

  async read({ orgId, stream, direction, from, limit }: ReadRequest): Promise<RecordedEvent[]> {
    assertOwned({ orgId, stream });
    if (!(limit >= 1 && limit <= READ_LIMIT_MAX)) {
      throw new AppError('VALIDATION_FAILED', { safeMessage: `A read gives 1 to ${READ_LIMIT_MAX} events` });
    }
    const backwards = direction === 'backwards';
    const end = backwards ? Number.MAX_SAFE_INTEGER : 0;
    const start = from === undefined ? end : decimal(from);
    const select = backwards ? this.#backwards : this.#forwards;
    return reading(() => select.all(stream, start, limit).map(recordedEvent));
  }

  subscribe(request: SubscribeRequest): AsyncIterable<Batch> {
    const signal = AbortSignal.any([request.signal, this.#closing.signal]);
    return subscribeToLog(this.reader, this.#appended, { ...request, signal });
  }

  async head(): Promise<Position | null> {
    const head = this.#head();
    return head === 0 ? null : String(head);
  }

  async truncate({
    orgId,
    stream,
    before,
  }: {
    orgId: string;
    stream: string;
    before: Revision;
  }): Promise<void> {
    assertOwned({ orgId, stream });
    const job = { stream, before: decimal(before) };
    while ((await this.writer.run('truncate', job)) === DELETED_ROWS_MAX);
  }

  async ping(): Promise<void> {
    await withDeadline(this.writer.run('ping', undefined), PING_TIMEOUT_MS, 'STORE_UNAVAILABLE');
    // An append that was given up may have been written after all; this is when subscribers hear of it.
    this.#appended.emit('appended');
  }

  async close(): Promise<void> {
    this.#stopRetention();
    this.#closing.abort();
    await this.writer.close();
    this.reader.close();
  }
}

function toJob(request: AppendRequest) {
  return {
    ...checkAppend(request),
    stream: request.stream,
    expected: expectedRevision(request.expected),
  };
}

function expectedRevision(expected: AppendRequest['expected']): number | null {
  if (expected === 'any') return null;
  return expected === 'no stream' ? -1 : decimal(expected.revision);
}
