/** One entry of the audit trail on its way out: a CloudEvent 1.0 in binary mode. */
export interface AuditMessage {
  /** Messages of one key keep their order. */
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON; never empty, an empty body would delete its key from a compacted topic. */
  readonly body: string;
}

/**
 * Where audit messages go. All failures are AppErrors of the code SERVICE_UNAVAILABLE; the outcome of a publish
 * that failed is unknown, and whoever repeats it repeats all of it.
 */
export interface AuditPublisher {
  /** Creates the topic unless it is there. An existing one is left as its operator made it. */
  ensureTopic(): Promise<void>;
  /** Resolves when all messages are on all in-sync replicas, in this order per key. One call at a time. */
  publish(messages: readonly AuditMessage[]): Promise<void>;
  /** Gives up what is under way. */
  close(): Promise<void>;
}
