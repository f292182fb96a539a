import type { Position } from '#libs/kernel';

/** The n-th event of a stream, from 0, as a decimal string. */
export type Revision = string;

export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: JsonValue };

/** Flat strings, so that every engine and every log reader can carry them. */
export interface EventMetadata {
  readonly orgId: string;
  readonly actorType: string;
  readonly actorId: string;
  /** The command that caused the event. Retries carry the same id and change nothing. */
  readonly commandId: string;
  readonly $correlationId: string;
  readonly $causationId: string;
  readonly schemaVersion: string;
  /** ISO 8601, UTC. */
  readonly occurredAt: string;
  /** The service that wrote it. */
  readonly producer: string;
}

export interface NewEvent {
  readonly type: string;
  /** Plain JSON; anything JSON cannot say is refused with VALIDATION_FAILED. */
  readonly data: object;
}

export interface RecordedEvent {
  /** UUIDv5 of (stream, commandId, index within the append). */
  readonly id: string;
  readonly stream: string;
  readonly revision: Revision;
  readonly position: Position;
  readonly type: string;
  readonly data: JsonObject;
  readonly metadata: EventMetadata;
}

/** `any` is for `access-` streams alone, where order between writers means nothing. */
export type Expected = 'no stream' | 'any' | { readonly revision: Revision };

export interface AppendRequest {
  /** From the credential. The append is refused when the stream belongs to another organization. */
  readonly orgId: string;
  readonly stream: string;
  readonly events: readonly NewEvent[];
  readonly expected: Expected;
  readonly metadata: EventMetadata;
  /**
   * Place of the first event in the append that wrote it first, which gives the events the ids they had there.
   * Default 0; more only where a log is copied whose stream has lost the beginning of that append.
   */
  readonly firstIndex?: number;
}

export interface Appended {
  /** Revision of the last event of this append. */
  readonly revision: Revision;
  readonly position: Position;
  /**
   * True when the log held these events already: this was a retry. On EventStoreDB it may be false when another
   * process appended them, a moment ago: whoever repeats a command of another asks the stream.
   */
  readonly duplicate: boolean;
}

export interface ReadRequest {
  readonly orgId: string;
  readonly stream: string;
  /** Default `forwards`. */
  readonly direction?: 'forwards' | 'backwards';
  /** First revision to give, included. Default: the first event, or the last when reading backwards. */
  readonly from?: Revision;
  /** 1 to READ_LIMIT_MAX. */
  readonly limit: number;
}

export interface SubscribeRequest {
  /** The last position already handled; null starts at the beginning of the log. */
  readonly after: Position | null;
  /** Stream categories: `secret` takes the streams whose name starts with `secret-`. Empty: all. */
  readonly categories: readonly string[];
  /** Event types to deliver. Empty: all. */
  readonly types: readonly string[];
  /** Ends the subscription. */
  readonly signal: AbortSignal;
  /** Events in one batch at most. Default 1000. */
  readonly batchMax?: number;
}

/** What lies behind `after`, up to `upTo`, of the categories and types that a subscription asks for. */
export type LogSection = Pick<SubscribeRequest, 'after' | 'categories' | 'types'> & {
  readonly upTo: Position;
};

export interface Batch {
  /** In log order; may be empty when only `position` or `caughtUp` moved. */
  readonly events: readonly RecordedEvent[];
  /** Safe to store as the checkpoint once `events` have been handled. */
  readonly position: Position;
  /** Nothing was waiting behind this batch when it was read. */
  readonly caughtUp: boolean;
}

/**
 * An append-only log of events in streams (design: streams and events). Implementations must pass
 * `eventStoreContract`. All failures are AppErrors: WRONG_REVISION (nothing was written),
 * STORE_UNAVAILABLE (the outcome of an append is unknown: repeat it with the same commandId, the
 * repetition is recognised), VALIDATION_FAILED (never written: too large, no type, a foreign stream).
 */
export interface EventStore {
  /** True when every call goes to a server, so that it pays to follow the log (`FollowedLog`) rather than to ask. */
  readonly isRemote: boolean;
  /** Durable when it resolves. All events of one call are written together or not at all. */
  append(request: AppendRequest): Promise<Appended>;
  /**
   * Appends one after the other and ends at the first that fails: those before it are written, those behind it
   * are not. For copying a log, where an engine may be able to share a flush. May be repeated as a whole.
   */
  appendInOrder(requests: readonly AppendRequest[]): Promise<void>;
  /** A stream that does not exist gives no events. Always reads what the latest append wrote. */
  read(request: ReadRequest): Promise<RecordedEvent[]>;
  /** Endless until aborted; survives whatever the engine does, neither skipping nor repeating an event. */
  subscribe(request: SubscribeRequest): AsyncIterable<Batch>;
  /** Position of the last event in the log; null when the log is empty. */
  head(): Promise<Position | null>;
  /**
   * True when `upTo` is in the log and a subscription that stands at `after` has no event left to deliver up to there.
   * It tells that sooner than a filtered subscription, which hears of what it leaves out only now and then. False also
   * when finding out would take long.
   */
  holdsNone(request: LogSection): Promise<boolean>;
  /**
   * Forgets the events of a stream before `before`; numbering goes on as if they were there, also when none is left. It is
   * for an operator who has to erase the beginning of a stream: no service calls it.
   */
  truncate(request: { orgId: string; stream: string; before: Revision }): Promise<void>;
  /** Rejects with STORE_UNAVAILABLE when the engine cannot serve. Never waits longer than a second. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Events of `category` are forgotten `days` after they occurred: for streams that end by themselves, such as one a day. */
export interface Retention {
  readonly category: string;
  readonly days: number;
  /**
   * The process deletes what has aged, at once and every hour, unless the engine does it by itself. `failed` hears why
   * it could not. Without `sweep` the streams written are told how long their events live, but this process deletes
   * nothing: a copy stays equal to its original until it was compared.
   */
  readonly sweep?: { readonly failed: (error: unknown) => void };
}

export interface EventStoreOptions {
  /** Without it nothing ages out. */
  readonly retention?: Retention;
  /** Default false: a server on the network is talked to under TLS only. */
  readonly allowPlaintext?: boolean | undefined;
}

/** Bytes of one append, summed over its events (EventStoreDB's own limit; every engine keeps it). */
export const APPEND_BYTES_MAX = 1_048_576;
export const READ_LIMIT_MAX = 1_000;
