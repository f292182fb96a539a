import { LRUCache } from 'lru-cache';
import { AppError, entriesAtMost, type Position } from '#libs/kernel';
import { checkAppend, checkRead } from '../check-request';
import type {
  Appended,
  AppendRequest,
  Batch,
  EventStore,
  EventStoreOptions,
  LogSection,
  ReadRequest,
  RecordedEvent,
  SubscribeRequest,
  TruncateRequest,
} from '../event-store';
import { assertOwned } from '../stream-name';
import { AppendGroups } from './append-groups';
import type { EncodedEvent } from './batch-appender';
import { EsdbAppends } from './esdb-appends';
import { EsdbConnection } from './esdb-connection';
import { holdsNone, readHead, readStream } from './esdb-reads';
import { subscribeToLog } from './esdb-subscription';
import { parseEsdbUrl } from './esdb-url';
import { changeLimits } from './stream-limits';

export interface EsdbEventStoreOptions extends EventStoreOptions {
  /** After so long a silence a subscription asks whether it missed an event. Default 5000. */
  readonly silenceMs?: number;
}

/** Fails with CONFIG_INVALID for a bad URL. Connects with the first call, so the server may start later. */
export function openEsdbEventStore(url: string, options: EsdbEventStoreOptions = {}): EventStore {
  return new EsdbEventStore(new EsdbConnection(parseEsdbUrl(url, options.allowPlaintext)), options);
}

const READ_MS = 2500;
const PING_MS = 900;
const SILENCE_MS = 5000;
const DAY_SECONDS = 24 * 60 * 60;
const LIMITED_STREAMS_MAX = 10_000;

class EsdbEventStore implements EventStore {
  readonly isRemote = true;
  readonly #closing = new AbortController();
  readonly #appends: EsdbAppends;
  readonly #groups: AppendGroups;
  /** Streams whose retention this process has set. */
  readonly #retained = new LRUCache<string, true>(entriesAtMost(LIMITED_STREAMS_MAX));

  constructor(
    private readonly connection: EsdbConnection,
    private readonly options: EsdbEventStoreOptions,
  ) {
    this.#appends = new EsdbAppends(connection);
    this.#groups = new AppendGroups(this.#appends);
  }

  async append(request: AppendRequest): Promise<Appended> {
    const { stream, expected } = request;
    const checked = checkAppend(request);
    const metadata = Buffer.from(checked.metadata);
    const events: EncodedEvent[] = checked.events.map(({ data, ...rest }) => ({
      ...rest,
      data: Buffer.from(data),
      metadata,
    }));
    if (typeof expected === 'object') assertDecimal(expected.revision);
    const appended =
      expected === 'any'
        ? this.#groups.append(stream, events)
        : this.#appends.append({ stream, expected, events });
    await Promise.all([appended, this.#retain(stream, request.metadata.occurredAt)]);
    return appended;
  }

  async appendInOrder(requests: readonly AppendRequest[]): Promise<void> {
    for (const request of requests) await this.append(request);
  }

  async read(request: ReadRequest): Promise<RecordedEvent[]> {
    checkRead(request);
    const { stream, direction = 'forwards', from, limit } = request;
    if (from !== undefined) assertDecimal(from);
    return this.connection.run(READ_MS, (client) => readStream(client, { stream, direction, from, limit }));
  }

  subscribe(request: SubscribeRequest): AsyncIterable<Batch> {
    if (request.after !== null) assertDecimal(request.after);
    const signal = AbortSignal.any([request.signal, this.#closing.signal]);
    const { connection } = this;
    const { silenceMs = SILENCE_MS } = this.options;
    const onSeen = (position: Position | null) => this.#appends.saw(position);
    return subscribeToLog({ connection, silenceMs, onSeen }, { ...request, signal });
  }

  async head(): Promise<Position | null> {
    const head = await this.connection.run(READ_MS, readHead);
    this.#appends.saw(head);
    return head;
  }

  async holdsNone(section: LogSection): Promise<boolean> {
    return this.connection.run(READ_MS, (client) => holdsNone(client, section));
  }

  async truncate({ orgId, stream, before }: TruncateRequest): Promise<void> {
    assertOwned({ orgId, stream });
    assertDecimal(before);
    await this.#changeLimits(stream, ({ $tb = 0 }) => ({ $tb: Math.max($tb, Number(before)) }));
  }

  async ping(): Promise<void> {
    await this.connection.run(PING_MS, readHead);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.connection.close();
  }

  /** Sets the retention of a stream at this process's first write. If it fails, the next append tries again. */
  async #retain(stream: string, occurredAt: string): Promise<void> {
    const { retention } = this.options;
    if (!retention || !stream.startsWith(`${retention.category}-`) || this.#retained.has(stream)) return;
    this.#retained.set(stream, true);
    const $maxAge = Math.max(1, retention.days - daysLived(occurredAt)) * DAY_SECONDS;
    await this.#changeLimits(stream, () => ({ $maxAge })).catch(() => this.#retained.delete(stream));
  }

  #changeLimits(stream: string, change: Parameters<typeof changeLimits>[2]): Promise<void> {
    return changeLimits({ connection: this.connection, appends: this.#appends }, stream, change);
  }
}

/**
 * The server counts an event's age from its append, but a copied event is older. Gives how many whole days it has lived
 * before, less one day. A stream covers one day, so no event of it is forgotten too early.
 */
function daysLived(occurredAt: string): number {
  const seconds = (Date.now() - Date.parse(occurredAt)) / 1000;
  return Math.max(0, Math.floor(seconds / DAY_SECONDS) - 1);
}

/** Revisions and positions of EventStoreDB are 64-bit numbers. */
function assertDecimal(text: string): void {
  if (/^\d{1,19}$/.test(text)) return;
  throw new AppError('VALIDATION_FAILED', { safeMessage: 'A revision or position is a decimal number' });
}
