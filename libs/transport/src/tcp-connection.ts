import { Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { ClientTCP, JsonSocket, type TcpSocket } from '@nestjs/microservices';
import { fromEvent, map, merge, take, type Observable } from 'rxjs';
import { AppError, withDeadline } from '#libs/kernel';
import { gatherWrites } from './gather-writes';
import { clientTls, type MutualTls } from './mutual-tls';
import { NotTaken } from './not-taken';
import {
  BYE,
  callFrame,
  MAX_REPLY_CHARS,
  readAnswer,
  UNFINISHED_FRAME_MS,
  type Answer,
  type Call,
} from './wire-format';

export interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

/** At most this many bytes may wait for the network. */
const MAX_UNSENT = 32 * 1024 * 1024;
const KEEP_ALIVE_MS = 30_000;

/**
 * One connection, which is used until it fails and then thrown away. Nest's client can reconnect. But then the end of
 * its old socket also ends the calls of the new one, and it remembers a refused attempt for too long.
 */
export class TcpConnection extends ClientTCP {
  /** True when a call can be sent without waiting. */
  isOpen = false;
  #isOver = false;
  #isLeft = false;
  #lastId = 0;

  constructor({ host, port }: TcpAddress, tls: MutualTls | undefined) {
    super({ host, port, ...(tls && { tlsOptions: clientTls(tls) }) });
  }

  /** False from the moment that it takes no more calls. Calls under way may still be answered. */
  get isUsable(): boolean {
    return !this.#isOver && !this.#isLeft;
  }

  /** True when so much waits for the network that no more memory should be spent on it. */
  get isCongested(): boolean {
    return (this.socket?.netSocket.writableLength ?? 0) > MAX_UNSENT;
  }

  /** Connects. Rejects with NotTaken when that fails or takes longer than `timeoutMs`. The connection is over then. */
  async open(timeoutMs: number): Promise<void> {
    try {
      await withDeadline(this.connect(), timeoutMs, 'SERVICE_UNAVAILABLE');
      this.isOpen = this.isUsable;
    } catch (cause) {
      this.destroy();
      throw new NotTaken(cause);
    }
  }

  /**
   * Gives the reply. Rejects with the other side's AppError, or with NotTaken. Any other error means that the
   * connection failed or that no answer came in time. Nobody knows then whether the call was handled.
   */
  async exchange(call: Omit<Call, 'id'>, timeoutMs: number): Promise<unknown> {
    const id = String(++this.#lastId);
    const heardBefore = this.#bytesRead();
    const answer = this.#ask({ ...call, id });
    try {
      return readAnswer(await withDeadline(answer, timeoutMs, 'SERVICE_UNAVAILABLE'));
    } catch (error) {
      // The call no longer waits for an answer, so it is not late.
      if (!this.routingMap.has(id)) throw error;
      // When nothing has come since, the other side may be gone without a word. When something has come, only this call
      // is late, and the others on this connection need not pay for it.
      if (heardBefore === this.#bytesRead()) this.destroy();
      throw new Error('No answer in time', { cause: error });
    } finally {
      this.routingMap.delete(id);
      if (this.#isLeft && this.routingMap.size === 0) this.destroy();
    }
  }

  destroy(): void {
    const socket = this.socket;
    this.handleClose();
    socket?.netSocket.destroy();
  }

  async #ask(call: Call): Promise<Answer> {
    const socket = this.socket;
    if (this.#isOver || !socket) throw new NotTaken();
    return new Promise((resolve, reject) => {
      // A frame of the other side has an id. When the connection ends, Nest calls this with the error only.
      this.routingMap.set(call.id, (answer: Answer | { err: Error }) => {
        this.routingMap.delete(call.id);
        if ('id' in answer) resolve(answer);
        else reject(answer.err);
      });
      try {
        gatherWrites(socket.netSocket);
        socket.sendMessage(callFrame(call));
      } catch (cause) {
        // JSON cannot hold the request. That is a mistake of ours, and no fault of the connection.
        this.routingMap.delete(call.id);
        reject(new AppError('INTERNAL_ERROR', { cause }));
      }
    });
  }

  #bytesRead(): number {
    return this.socket?.netSocket.bytesRead ?? 0;
  }

  /**
   * Nest's sockets stop reading while they have much to write. When both ends do so, each waits for the other for ever.
   * With a high-water mark that is never reached, this end goes on reading.
   */
  override createSocket(): TcpSocket {
    const { host, port, tlsOptions } = this;
    const buffers: object = { highWaterMark: 4 * MAX_UNSENT };
    const socket = tlsOptions ? tlsConnect({ ...tlsOptions, ...buffers, host, port }) : new Socket(buffers);
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    return new JsonSocket(socket, {
      maxBufferSize: MAX_REPLY_CHARS,
      incompleteMessageTimeout: UNFINISHED_FRAME_MS,
    });
  }

  /**
   * Nest's own method takes a TLS socket for connected before its peer has proved who it is, and it waits on when the
   * socket is closed.
   */
  protected override connect$(socket: Socket): Observable<unknown> {
    const closed = fromEvent(socket, 'close').pipe(
      map(() => {
        throw new Error('Connection closed');
      }),
    );
    const connected = super.connect$(socket, 'error', this.tlsOptions ? 'secureConnect' : 'connect');
    return merge(connected, closed).pipe(take(1));
  }

  override async handleResponse(frame: unknown): Promise<void> {
    const answer = frame as Answer;
    if (answer.id === BYE) this.#leave();
    else this.routingMap.get(answer.id)?.(answer);
  }

  /** The other side is about to end. This end sends no more calls, and those under way still get their answers. */
  #leave(): void {
    this.#isLeft = true;
    if (this.routingMap.size === 0) this.destroy();
  }

  override handleClose(): void {
    this.#isOver = true;
    super.handleClose();
  }

  /** The caller gets this error as the cause of its own. */
  override handleError(): void {
    // Nest's own method would print it.
  }
}
