import type { Message, ReplyOf, RequestOf } from '#libs/contracts';
import { isAppError } from '#libs/kernel';
import { DEADLINE_MS, type MessageClient, type MessageContext } from './message-client';
import { unavailable } from './message-dispatcher';
import { refuseOpenNetwork } from './mutual-tls';
import { TcpConnection, type TcpAddress } from './tcp-connection';
import { PING, type Call } from './wire-format';

export interface TcpClientOptions extends TcpAddress {
  /** How long an answer may take. Default `DEADLINE_MS`. */
  readonly deadlineMs?: number;
}

/** Calls waiting for an answer at once; one more is told to try again. */
const MAX_IN_FLIGHT = 4_096;

/** A client with one connection, made at the first message and again after each failure. */
export function createTcpClient(options: TcpClientOptions): MessageClient {
  refuseOpenNetwork(options.host, options.tls);
  return new TcpClient(options);
}

class TcpClient implements MessageClient {
  #connection: TcpConnection | undefined;
  #isClosed = false;
  #inFlight = 0;

  constructor(private readonly options: TcpClientOptions) {}

  async send<M extends Message>(
    message: M,
    request: RequestOf<M>,
    context: MessageContext,
  ): Promise<ReplyOf<M>> {
    const call = { name: message.name, request, context };
    // The server has checked the reply against the contract that its type is made of.
    return (await this.#call(call, message.kind === 'query')) as ReplyOf<M>;
  }

  async ping(): Promise<void> {
    await this.#call({ name: PING, request: {}, context: { correlationId: PING } }, true);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#connection?.destroy();
  }

  async #call(call: Omit<Call, 'id'>, repeatable: boolean): Promise<unknown> {
    if (this.#inFlight >= MAX_IN_FLIGHT) throw unavailable();
    this.#inFlight++;
    try {
      const expiresAt = performance.now() + (this.options.deadlineMs ?? DEADLINE_MS);
      return await this.#attempt(call, repeatable ? 2 : 1, expiresAt);
    } finally {
      this.#inFlight--;
    }
  }

  /** A lost connection tells nothing about what happened to the call: only a query is sent again. */
  async #attempt(call: Omit<Call, 'id'>, attempts: number, expiresAt: number): Promise<unknown> {
    if (this.#isClosed) throw unavailable();
    if (!this.#connection || this.#connection.isClosed) this.#connection = new TcpConnection(this.options);
    const connection = this.#connection;
    if (connection.isCongested) throw unavailable();
    try {
      return await connection.exchange(call, expiresAt - performance.now());
    } catch (error) {
      if (isAppError(error)) throw error;
      connection.destroy();
      if (attempts > 1) return this.#attempt(call, attempts - 1, expiresAt);
      throw unavailable(error);
    }
  }
}
