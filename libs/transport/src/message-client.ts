import type { Message, ReplyOf, RequestOf } from '#libs/contracts';

/** What travels with a request. */
export interface MessageContext {
  /**
   * The request id, which the gateway made or took from the client. It is in every log line and event along the way.
   */
  readonly correlationId: string;
}

/** How long an answer may take, in milliseconds, unless a transport is told otherwise. */
export const DEADLINE_MS = 5_000;

/**
 * Sends messages to one service. Every failure is an AppError: the handler's own, or SERVICE_UNAVAILABLE when the other
 * side is away or does not answer for `DEADLINE_MS`.
 */
export interface MessageClient {
  send<M extends Message>(message: M, request: RequestOf<M>, context: MessageContext): Promise<ReplyOf<M>>;
  /** Rejects with SERVICE_UNAVAILABLE when the other side does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}
