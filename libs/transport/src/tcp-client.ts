import type { Message, ReplyOf, RequestOf } from '#libs/contracts';
import { isAppError } from '#libs/kernel';
import { DEADLINE_MS, type MessageClient, type MessageContext } from './message-client';
import { unavailable } from './message-dispatcher';
import { refuseOpenNetwork } from './mutual-tls';
import { NotTaken } from './not-taken';
import type { TcpAddress } from './tcp-connection';
import { TcpPeer, type TcpPeerOptions } from './tcp-peer';
import { PING, type Call } from './wire-format';

export interface TcpClientOptions extends TcpPeerOptions {
  /**
   * Where the service is. Each address can be asked anything. Without `tls`, only addresses of the loopback interface
   * are allowed.
   */
  readonly addresses: readonly TcpAddress[];
  /** How long an answer may take. Default `DEADLINE_MS`. */
  readonly deadlineMs?: number;
}

/** A client that also says how many of its addresses answered the last call, and how many did not. */
export interface TcpMessageClient extends MessageClient {
  readonly addresses: { readonly up: number; readonly away: number };
}

/** At most this many calls wait for an answer at once. The sender of one more is told to try again. */
const MAX_IN_FLIGHT = 4_096;
/** How long connecting may take while there is another address to try. */
const CONNECT_MS = 1_000;

/** Makes a client that uses the addresses of one service in turn. */
export function createTcpClient(options: TcpClientOptions): TcpMessageClient {
  for (const { host } of options.addresses) refuseOpenNetwork(host, options.tls);
  return new TcpClient(options);
}

class TcpClient implements TcpMessageClient {
  readonly #peers: readonly TcpPeer[];
  readonly #deadlineMs: number;
  #turn = 0;
  #inFlight = 0;

  constructor({ addresses, deadlineMs = DEADLINE_MS, ...options }: TcpClientOptions) {
    this.#peers = addresses.map((address) => new TcpPeer(address, options));
    this.#deadlineMs = deadlineMs;
  }

  get addresses() {
    const away = this.#peers.filter(({ isAway }) => isAway).length;
    return { up: this.#peers.length - away, away };
  }

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
    for (const peer of this.#peers) peer.close();
  }

  async #call(call: Omit<Call, 'id'>, isQuery: boolean): Promise<unknown> {
    if (this.#inFlight >= MAX_IN_FLIGHT) throw unavailable();
    this.#inFlight++;
    try {
      return await this.#attempt(call, isQuery);
    } finally {
      this.#inFlight--;
    }
  }

  /**
   * A lost connection does not tell what happened to the call. So a query is sent again, at least once and to every
   * address. A command goes to another address only when it is certain that nobody has taken it.
   */
  async #attempt(call: Omit<Call, 'id'>, isQuery: boolean): Promise<unknown> {
    const expiresAt = performance.now() + this.#deadlineMs;
    const route = this.#route(isQuery);
    let failure: unknown;
    for (const peer of route) {
      const leftMs = expiresAt - performance.now();
      if (leftMs <= 0) break;
      // A silent peer must not use up the time of those that would answer.
      const isLast = peer === route.at(-1);
      const connectMs = isLast ? leftMs : Math.min(leftMs, CONNECT_MS);
      const answerMs = isLast || !isQuery ? leftMs : leftMs / 2;
      try {
        return await peer.exchange(call, { connectMs, answerMs });
      } catch (error) {
        failure = error;
        if (isAppError(error)) throw error;
        if (!isQuery && !(error instanceof NotTaken)) break;
      }
    }
    throw unavailable(failure);
  }

  /** Gives the peers to ask. Each call begins with the next one, and peers that failed lately come last. */
  #route(isQuery: boolean): readonly TcpPeer[] {
    const peers = this.#peers;
    if (peers.length === 1) return isQuery ? [...peers, ...peers] : peers;
    this.#turn = (this.#turn + 1) % peers.length;
    const turned = [...peers.slice(this.#turn), ...peers.slice(0, this.#turn)];
    return [...turned.filter((peer) => !peer.isResting), ...turned.filter((peer) => peer.isResting)];
  }
}
