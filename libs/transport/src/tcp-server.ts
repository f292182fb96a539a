import type { Server, Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import { ServerTCP, type TcpSocket } from '@nestjs/microservices';
import { AppError, portUnavailable, withDeadline } from '#libs/kernel';
import { errorFields, type Logger } from '#libs/observability';
import { gatherWrites } from './gather-writes';
import { MessageDispatcher, type ServerOptions } from './message-dispatcher';
import { isAllowedPeer, refuseOpenNetwork, serverTls, type MutualTls } from './mutual-tls';
import {
  answerFrame,
  BYE,
  errorFrame,
  MAX_REPLY_CHARS,
  MAX_REQUEST_CHARS,
  PING,
  readCall,
} from './wire-format';
import { UNFINISHED_FRAME_MS, type Answer, type Call } from './wire-format';

export interface TcpServerOptions extends ServerOptions {
  readonly host: string;
  readonly port: number;
  /** Required on any other host than the loopback interface. */
  readonly tls?: MutualTls;
}

/** A gateway holds one connection, so more than this is an attack or a mistake. */
const MAX_CONNECTIONS = 256;
const KEEP_ALIVE_MS = 30_000;
/**
 * How long callers may take to hang up when the server is about to end, and how long its last answers may take to
 * leave.
 */
const FAREWELL_MS = 1_000;

/**
 * Makes a server for Nest: `NestFactory.createMicroservice(module, { strategy })`. Listening fails with
 * PORT_UNAVAILABLE.
 */
export function createTcpServer(options: TcpServerOptions): ServerTCP {
  refuseOpenNetwork(options.host, options.tls);
  return new TcpServer(options);
}

/**
 * Nest's server with our own dispatcher. It keeps Nest's framing and sockets, and replaces the rest, which has too many
 * traps.
 */
class TcpServer extends ServerTCP {
  readonly #dispatcher: MessageDispatcher;
  readonly #logger: Logger;
  readonly #tls: MutualTls | undefined;
  readonly #callers = new Set<TcpSocket>();

  constructor(options: TcpServerOptions) {
    const { host, port, tls } = options;
    super({
      host,
      port,
      ...(tls && { tlsOptions: serverTls(tls) }),
      maxBufferSize: MAX_REQUEST_CHARS,
      maxSendBufferSize: 2 * MAX_REPLY_CHARS,
      incompleteMessageTimeout: UNFINISHED_FRAME_MS,
    });
    this.#dispatcher = new MessageDispatcher(options);
    this.#logger = options.logger;
    this.#tls = tls;
    this.server.maxConnections = MAX_CONNECTIONS;
  }

  override addHandler(...[pattern, handler, , extras]: Parameters<ServerTCP['addHandler']>): void {
    this.#dispatcher.add(pattern, handler, extras);
  }

  /** Nest's own reports a port in use and nothing else: with any other failure the start would hang. */
  override listen(listening: (error?: unknown) => void): void {
    const { host, port } = this;
    const settings = { host: 'LISTEN', port: 'LISTEN' };
    const refuse = (cause: Error) => listening(portUnavailable({ host, port, settings }, cause));
    this.server.once('error', refuse);
    this.server.listen(port, host, () => {
      this.server.off('error', refuse);
      this.#dispatcher.open();
      listening();
    });
  }

  /** Why it cannot listen is for whoever starts it to say; Nest's own would have it in the log besides. */
  protected override registerErrorListener(server: Server): void {
    server.on('error', (error) => {
      if (server.listening) this.handleError(error);
    });
  }

  /**
   * Nest's own method cuts off callers that still wait for an answer. Here each caller is told. It then sends nothing
   * more, and hangs up when it has its answers, so no answer can get lost.
   */
  // eslint-disable-next-line @typescript-eslint/no-misused-promises -- Nest awaits it, whatever the type says
  override async close(): Promise<void> {
    this.isManuallyTerminated = true;
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const caller of this.#callers) caller.sendMessage({ id: BYE });
    await withDeadline(closed, FAREWELL_MS, 'SERVICE_UNAVAILABLE').catch(() => undefined);
    await this.#dispatcher.close();
    // This turn lets the last answer get from the dispatcher to its socket.
    await nextTurn();
    for (const socket of this.openSockets) socket.end();
    await withDeadline(closed, FAREWELL_MS, 'SERVICE_UNAVAILABLE').catch(() => undefined);
    this.closeOpenSockets();
  }

  override bindHandler(socket: Socket): void {
    if (this.#tls && !isPeerOf(this.#tls, socket)) {
      this.#logger.warn('peer refused', { reason: 'its certificate names nobody allowed' });
      socket.destroy();
      return;
    }
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    this.trackOpenSocket(socket);
    const framed = this.getSocketInstance(socket);
    this.#callers.add(framed);
    socket.once('close', () => this.#callers.delete(framed));
    framed.on('message', (frame: unknown) => void this.handleMessage(framed, frame));
    framed.on('error', (error: unknown) => {
      this.handleError(error);
      // Nest's own server would go on reading from a peer that sends garbage.
      socket.destroy();
    });
  }

  override async handleMessage(socket: TcpSocket, frame: unknown): Promise<void> {
    const call = readCall(frame);
    if (!call) {
      socket.netSocket.destroy(new Error('Not a call'));
      return;
    }
    const answer = await this.#answer(call);
    gatherWrites(socket.netSocket);
    try {
      socket.sendMessage(answer);
    } catch (error) {
      // JSON cannot hold the reply, which the contract should have refused. The caller must not be left waiting.
      this.#logger.error('reply not sent', { message_name: call.name, ...errorFields(error) });
      socket.sendMessage(errorFrame(call.id, new AppError('INTERNAL_ERROR')));
    }
  }

  async #answer({ id, name, request, context }: Call): Promise<Answer> {
    try {
      if (name !== PING) return answerFrame(id, await this.#dispatcher.dispatch(name, request, context));
      this.#dispatcher.ping();
      return { id };
    } catch (error) {
      return errorFrame(id, error as AppError);
    }
  }

  /** For a malformed frame, Nest gives only the text of the error. It is not logged, because it quotes the frame. */
  protected override handleError(error: unknown): void {
    const fields = typeof error === 'string' ? { reason: 'malformed frame' } : errorFields(error);
    this.#logger.warn('connection failed', fields);
  }
}

function isPeerOf({ allowedPeers }: MutualTls, socket: Socket): boolean {
  return socket instanceof TLSSocket && isAllowedPeer(socket.getPeerCertificate(), allowedPeers);
}
