import type { Position } from '#libs/kernel';

/** The number of an event in its stream, counted from 0, as a decimal string. */
export type Revision = string;

export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: JsonValue };

/** Flat strings, because every engine and every log reader can carry them. */
export interface EventMetadata {
  readonly orgId: string;
  readonly actorType: string;
  readonly actorId: string;
  /** The command that caused the event. A repeated command has the same id, and its events are not written again. */
  readonly commandId: string;
  readonly $correlationId: string;
  readonly $causationId: string;
  readonly schemaVersion: string;
  /** ISO 8601, UTC. */
  readonly occurredAt: string;
  /** The service that wrote the event. */
  readonly producer: string;
}

export interface NewEvent {
  readonly type: string;
  /** Plain JSON. A value that JSON cannot hold is refused with VALIDATION_FAILED. */
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

/** `any` is only for `access-` streams, where the order between writers does not matter. */
export type Expected = 'no stream' | 'any' | { readonly revision: Revision };

export interface AppendRequest {
  /** The caller's organization, from the credential. An append to a stream of another organization is refused. */
  readonly orgId: string;
  readonly stream: string;
  readonly events: readonly NewEvent[];
  readonly expected: Expected;
  readonly metadata: EventMetadata;
  /**
   * Index of the first event within the append that wrote it originally. It gives a copied event its original id.
   * Default 0. More is needed only for copying a stream that has lost the beginning of that append (ADR 16).
   */
  readonly firstIndex?: number;
}

export interface Appended {
  /** Revision of the last event of this append. */
  readonly revision: Revision;
  readonly position: Position;
  /**
   * True when the log already held these events, so that this was a repetition. On EventStoreDB it may be false when
   * another process appended them a moment ago. A caller that repeats a command of another process must read the
   * stream.
   */
  readonly duplicate: boolean;
}

export interface ReadRequest {
  readonly orgId: string;
  readonly stream: string;
  /** Default `forwards`. */
  readonly direction?: 'forwards' | 'backwards';
  /** The first revision to give. Default: the first event, or the last when reading backwards. */
  readonly from?: Revision;
  /** From 1 to READ_LIMIT_MAX. */
  readonly limit: number;
}

export interface TruncateRequest {
  readonly orgId: string;
  readonly stream: string;
  readonly before: Revision;
}

export interface SubscribeRequest {
  /** The last position that was handled; null starts at the beginning of the log. */
  readonly after: Position | null;
  /** Stream categories. `secret` means all streams whose name starts with `secret-`. Empty means all categories. */
  readonly categories: readonly string[];
  /** Event types to deliver. Empty means all types. */
  readonly types: readonly string[];
  /** Ends the subscription. */
  readonly signal: AbortSignal;
  /** The largest number of events in one batch. Default 1000. */
  readonly batchMax?: number;
}

/** The part of the log behind `after` up to `upTo`, as a subscription with this filter would see it. */
export type LogSection = Pick<SubscribeRequest, 'after' | 'categories' | 'types'> & {
  readonly upTo: Position;
};

export interface Batch {
  /** In log order. May be empty when only `position` or `caughtUp` has changed. */
  readonly events: readonly RecordedEvent[];
  /** May be stored as the checkpoint once `events` have been handled. */
  readonly position: Position;
  /** True when the log held nothing behind this batch when the batch was read. */
  readonly caughtUp: boolean;
}

/**
 * An append-only log of events in streams (ADR 1). Every implementation must pass `eventStoreContract`. All failures
 * are AppErrors. WRONG_REVISION: nothing was written. STORE_UNAVAILABLE: the outcome of an append is unknown; repeat it
 * with the same commandId, and the log recognises the repetition. VALIDATION_FAILED: nothing was written, because the
 * append is too large, or has an event without a type or a stream of another organization.
 */
export interface EventStore {
  /** True when every call goes to a server. Then following the log (`FollowedLog`) is cheaper than reading it. */
  readonly isRemote: boolean;
  /** Resolves when the events are on disk. All events of one call are written together or not at all. */
  append(request: AppendRequest): Promise<Appended>;
  /**
   * Appends one request after the other and stops at the first that fails. Those before it are written, those behind it
   * are not. It is for copying a log, where an engine may share a flush between them. The whole call may be repeated.
   */
  appendInOrder(requests: readonly AppendRequest[]): Promise<void>;
  /** Gives the events of a stream, including the latest append. A stream that does not exist gives no events. */
  read(request: ReadRequest): Promise<RecordedEvent[]>;
  /**
   * Runs until it is aborted, whatever the engine does, and neither skips nor repeats an event. Fails with
   * INTEGRITY_ERROR when the log ends before `after`.
   */
  subscribe(request: SubscribeRequest): AsyncIterable<Batch>;
  /** Gives the position of the last event in the log; null when the log is empty. */
  head(): Promise<Position | null>;
  /**
   * True when `upTo` is in the log and a subscription that stands at `after` has no event to deliver up to there. A
   * filtered subscription learns this later, because it hears only now and then of events that it leaves out. False
   * also when finding out would take long.
   */
  holdsNone(request: LogSection): Promise<boolean>;
  /**
   * Deletes the events of a stream before `before`. The numbering goes on as if they were there, even when no event is
   * left. It is for an operator who must erase the beginning of a stream; no service calls it.
   */
  truncate(request: TruncateRequest): Promise<void>;
  /** Rejects with STORE_UNAVAILABLE when the engine cannot serve. Answers within a second. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Events of `category` are deleted `days` after they occurred. For streams that end, such as one a day. */
export interface Retention {
  readonly category: string;
  readonly days: number;
  /**
   * With `sweep` the process deletes old events, at start and every hour, unless the engine does so by itself. `failed`
   * is called with the reason when it cannot. Without `sweep` the process deletes nothing, though the engine may learn
   * how long the events live: a copy stays equal to its original until both were compared (ADR 16).
   */
  readonly sweep?: { readonly failed: (error: unknown) => void };
}

export interface EventStoreOptions {
  /** Without it no event is deleted for its age. */
  readonly retention?: Retention;
  /** Allows a server on the network without TLS. Default false. */
  readonly allowPlaintext?: boolean | undefined;
}

/** Bytes of one append, summed over its events. It is the limit of EventStoreDB, and every engine keeps it. */
export const APPEND_BYTES_MAX = 1_048_576;
export const READ_LIMIT_MAX = 1_000;
