import type { Message } from '#libs/contracts';
import { AppError, isAppError, withDeadline } from '#libs/kernel';
import { errorFields, type Logger } from '#libs/observability';
import { compileCheck, firstBreach } from './contract-check';
import { DEADLINE_MS, type MessageContext } from './message-client';
import { NotTaken } from './not-taken';

export interface ServerOptions {
  readonly logger: Logger;
  /** How long a handler may take before the caller is told to try again. Default `DEADLINE_MS`. */
  readonly deadlineMs?: number;
}

type Handler = (request: unknown, context: MessageContext) => Promise<unknown>;

interface Endpoint {
  readonly message: Message;
  readonly handler: Handler;
  readonly isRequest: (value: unknown) => boolean;
  readonly isReply: (value: unknown) => boolean;
}

/** One service handles at most this many messages at once. The sender of one more is told to try again. */
const MAX_IN_FLIGHT = 4_096;
const CORRELATION_ID = /^[\x21-\x7e]{1,128}$/;

/**
 * Does what both transports do with a message. It checks the request, runs the handler within the deadline, checks the
 * reply, and makes an AppError of every failure.
 */
export class MessageDispatcher {
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #logger: Logger;
  readonly #deadlineMs: number;
  #isOpen = false;
  #inFlight = 0;
  #onIdle: (() => void) | undefined;

  constructor({ logger, deadlineMs = DEADLINE_MS }: ServerOptions) {
    this.#logger = logger;
    this.#deadlineMs = deadlineMs;
  }

  /**
   * Adds a handler that Nest found. Throws at start for a handler that `Handles` did not declare, and for a second
   * handler of one message.
   */
  add(name: unknown, handler: Handler, extras: Record<string, unknown> = {}): void {
    const message = extras['message'] as Message | undefined;
    if (!message || message.name !== name)
      throw new Error(`Declare the handler of ${String(name)} with @Handles`);
    if (this.#endpoints.has(message.name)) throw new Error(`Two handlers of the message ${message.name}`);
    const isRequest = compileCheck(message.request);
    const isReply = compileCheck(message.reply);
    this.#endpoints.set(message.name, { message, handler, isRequest, isReply });
  }

  open(): void {
    this.#isOpen = true;
  }

  /** Takes no more messages, and waits until those under way are answered, at most for the deadline. */
  async close(): Promise<void> {
    this.#isOpen = false;
    if (this.#inFlight === 0) return;
    const idle = new Promise<void>((resolve) => (this.#onIdle = resolve));
    await withDeadline(idle, this.#deadlineMs, 'SERVICE_UNAVAILABLE').catch(() => undefined);
  }

  ping(): void {
    if (!this.#isOpen) throw unavailable(new NotTaken());
  }

  /** Answers one message, or rejects with an AppError. `context` is as untrusted as the request. */
  async dispatch(name: string, request: unknown, context: MessageContext): Promise<unknown> {
    const endpoint = this.#endpoints.get(name);
    // During an upgrade the other side may know messages that this side does not know.
    if (!endpoint || !this.#isOpen || this.#inFlight >= MAX_IN_FLIGHT) throw unavailable(new NotTaken());
    if (!isSane(context)) {
      this.#logger.error('message refused', { message_name: name, reason: 'no sane correlation id' });
      throw new AppError('INTERNAL_ERROR');
    }
    return withDeadline(this.#run(endpoint, request, context), this.#deadlineMs, 'SERVICE_UNAVAILABLE');
  }

  /**
   * Counts a message until its handler is done, even when the caller has given up, because the limit is for handlers
   * that run.
   */
  async #run(endpoint: Endpoint, request: unknown, context: MessageContext): Promise<unknown> {
    this.#inFlight++;
    try {
      if (!endpoint.isRequest(request)) throw this.#breach(endpoint, 'request', request);
      const reply = await endpoint.handler(request, context);
      if (!endpoint.isReply(reply)) throw this.#breach(endpoint, 'reply', reply);
      return reply;
    } catch (error) {
      throw this.#toAppError(error, endpoint, context);
    } finally {
      if (--this.#inFlight === 0) this.#onIdle?.();
    }
  }

  /**
   * A bad request is an INTERNAL_ERROR too, and no VALIDATION_FAILED. The gateway has checked what the user sent, so
   * the two services disagree about the contract, and the user can do nothing about it.
   */
  #breach(endpoint: Endpoint, side: 'request' | 'reply', value: unknown): AppError {
    const field = firstBreach(endpoint.message[side], value);
    return new AppError('INTERNAL_ERROR', { cause: new ContractBreach(`${side}: ${field}`) });
  }

  #toAppError(error: unknown, endpoint: Endpoint, context: MessageContext): AppError {
    // A message that the handler sent was not taken. But the handler's own message was, so its sender must not send it
    // elsewhere.
    if (isAppError(error) && error.cause instanceof NotTaken) return unavailable();
    const known = isAppError(error) && error.kind !== 'startup';
    if (known && error.kind !== 'internal') return error;
    this.#logger.error('message failed', {
      message_name: endpoint.message.name,
      request_id: context.correlationId,
      ...errorFields(error),
      ...(known && error.cause instanceof ContractBreach && { field: error.cause.message }),
    });
    return known ? error : new AppError('INTERNAL_ERROR', { cause: error });
  }
}

/** Its message names the side and the field, as the contract calls them, and nothing of the value. */
class ContractBreach extends Error {
  override readonly name = 'ContractBreach';
}

function isSane(context: MessageContext | undefined): boolean {
  return typeof context?.correlationId === 'string' && CORRELATION_ID.test(context.correlationId);
}

export function unavailable(cause?: unknown): AppError {
  return new AppError('SERVICE_UNAVAILABLE', { cause });
}
