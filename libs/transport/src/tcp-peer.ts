import { isAppError } from '#libs/kernel';
import { errorFields, type Logger } from '#libs/observability';
import type { MutualTls } from './mutual-tls';
import { NotTaken } from './not-taken';
import { TcpConnection, type TcpAddress } from './tcp-connection';
import type { Call } from './wire-format';

export interface TcpPeerOptions {
  readonly tls?: MutualTls | undefined;
  /** Gets one line when the address goes away, and one when it is back. */
  readonly logger?: Logger | undefined;
  /** The name of the service at the address, for the log. */
  readonly service?: string | undefined;
}

/** How long an address that failed is asked after the others. The time doubles with each failure. */
const REST_MS = { min: 250, max: 5_000 };

/**
 * One address of a service, with one connection. The connection is made at the first call, and again after each
 * failure.
 */
export class TcpPeer {
  #connection: TcpConnection | undefined;
  #isClosed = false;
  #failures = 0;
  #restsUntil = 0;

  constructor(
    private readonly address: TcpAddress,
    private readonly options: TcpPeerOptions,
  ) {}

  /** True when it failed a short while ago, so that others are asked first. */
  get isResting(): boolean {
    return this.#failures > 0 && performance.now() < this.#restsUntil;
  }

  /** True when it did not answer the last call. */
  get isAway(): boolean {
    return this.#failures > 0;
  }

  /** Does the same as `TcpConnection.exchange`. If there is no connection, it opens one within `connectMs`. */
  async exchange(
    call: Omit<Call, 'id'>,
    { connectMs, answerMs }: { connectMs: number; answerMs: number },
  ): Promise<unknown> {
    const connection = this.#usable();
    if (connection.isCongested) throw new NotTaken();
    try {
      if (!connection.isOpen) await connection.open(connectMs);
      const reply = await connection.exchange(call, answerMs);
      this.#answered();
      return reply;
    } catch (error) {
      this.#judge(error, connection);
      throw error;
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#connection?.destroy();
  }

  #usable(): TcpConnection {
    if (this.#isClosed) throw new NotTaken();
    if (!this.#connection?.isUsable) this.#connection = new TcpConnection(this.address, this.options.tls);
    return this.#connection;
  }

  /**
   * An error that the other side sent is an answer. When only one answer is late and the connection lives, the peer is
   * not away.
   */
  #judge(error: unknown, connection: TcpConnection): void {
    if (isAppError(error) || (connection.isUsable && !(error instanceof NotTaken))) this.#answered();
    else this.#failed(error);
  }

  #answered(): void {
    if (this.#failures === 0) return;
    this.#failures = 0;
    this.options.logger?.info('service is back', this.#fields());
  }

  #failed(error: unknown): void {
    if (this.#isClosed) return;
    const restMs = Math.min(REST_MS.min * 2 ** this.#failures, REST_MS.max);
    this.#restsUntil = performance.now() + restMs;
    this.#failures += 1;
    if (this.#failures > 1) return;
    const cause = error instanceof NotTaken ? (error.cause ?? error) : error;
    const { error_code, error_name } = errorFields(cause);
    this.options.logger?.warn('service is away', { ...this.#fields(), error_code, error_name });
  }

  #fields() {
    return { component: this.options.service, host: this.address.host, port: this.address.port };
  }
}
