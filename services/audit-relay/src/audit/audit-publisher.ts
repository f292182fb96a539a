/** One message of the audit trail: a CloudEvent 1.0 in binary mode. */
export interface AuditMessage {
  /** Messages with the same key keep their order. */
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. Never empty, because an empty body would delete its key from a compacted topic. */
  readonly body: string;
}

/**
 * Publishes audit messages. All failures are AppErrors with SERVICE_UNAVAILABLE. The outcome of a failed publish is
 * unknown; repeat all of it.
 */
export interface AuditPublisher {
  /** Creates the topic if it does not exist. An existing topic is not changed. */
  ensureTopic(): Promise<void>;
  /** Resolves when all messages are on all in-sync replicas, in this order for each key. One call at a time. */
  publish(messages: readonly AuditMessage[]): Promise<void>;
  /** Gives up a publish that is under way. */
  close(): Promise<void>;
}
