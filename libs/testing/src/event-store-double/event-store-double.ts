import { once } from 'node:events';
import { createServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb';
import { SupportedMethod, SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb';
import type { Core } from './append';
import { batchAppendCall } from './batch-append-call';
import { Faults } from './faults';
import { Journal } from './journal';
import { Log } from './log';
import { readCall } from './read-call';
import { Subscriptions } from './subscriptions';

export interface EventStoreDoubleOptions {
  /** Default: any free port. */
  readonly port?: number;
  /** Keeps the events in this file, so that they outlive the process. Default: memory only. */
  readonly journalFile?: string | undefined;
  /** Milliseconds since the epoch; decides what `$maxAge` hides. */
  readonly now?: () => number;
}

type Injector = ReturnType<Server['createConnectionInjector']>;

/**
 * Stands in for one node of EventStoreDB 23.10 without TLS. It uses the same gRPC definitions, follows rules that were
 * measured on the real server, and has switches for faults.
 */
export class EventStoreDouble {
  readonly faults = new Faults();
  readonly log: Log;
  readonly #grpc = new Server({ 'grpc.max_receive_message_length': 16 * 1024 * 1024 });
  readonly #injector: Injector;
  readonly #sockets = new Set<Socket>();
  readonly #subscriptions: Subscriptions;
  #tcp: TcpServer | undefined;
  #port = 0;

  private constructor({ journalFile, now = Date.now }: EventStoreDoubleOptions) {
    this.log = new Log(journalFile === undefined ? undefined : new Journal(journalFile), now);
    const core: Core = { log: this.log, faults: this.faults, drop: () => this.dropConnections() };
    this.#subscriptions = new Subscriptions(core);
    this.#grpc.addService(StreamsService, {
      read: readCall(core, this.#subscriptions),
      batchAppend: batchAppendCall(core),
    });
    this.#grpc.addService(ServerFeaturesService, {
      getSupportedMethods: (_: unknown, answer: (error: null, methods: SupportedMethods) => void) => {
        answer(null, supportedMethods());
      },
    });
    // The double accepts the sockets itself, so that it can reset a connection in the middle of a call.
    this.#injector = this.#grpc.createConnectionInjector(ServerCredentials.createInsecure());
  }

  static async start(options: EventStoreDoubleOptions = {}): Promise<EventStoreDouble> {
    const double = new EventStoreDouble(options);
    double.#port = options.port ?? 0;
    await double.accept();
    return double;
  }

  /** A connection string for the client. */
  get url(): string {
    return `esdb://127.0.0.1:${this.#port}?tls=false`;
  }

  /** Listens again after `refuse`, on the same port. */
  async accept(): Promise<void> {
    this.#tcp = createServer((socket) => {
      this.#sockets.add(socket.setNoDelay());
      socket.once('close', () => this.#sockets.delete(socket));
      socket.on('error', () => socket.destroy());
      this.#injector.injectConnection(socket);
    });
    this.#tcp.listen(this.#port, '127.0.0.1');
    await once(this.#tcp, 'listening');
    this.#port = (this.#tcp.address() as AddressInfo).port;
  }

  /** Cuts all connections and refuses new ones, like a server that is down. */
  async refuse(): Promise<void> {
    const tcp = this.#tcp;
    this.#tcp = undefined;
    if (!tcp) return;
    const closed = once(tcp, 'close');
    tcp.close();
    this.dropConnections();
    await closed;
  }

  /** Refuses connections, then accepts them again. Acknowledged events are kept. */
  async restart(): Promise<void> {
    await this.refuse();
    await this.accept();
  }

  dropConnections(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Ends every open subscription without an error. */
  endSubscriptions(): void {
    this.#subscriptions.end();
  }

  /** Ends every open subscription with "unavailable". */
  failSubscriptions(): void {
    this.#subscriptions.fail();
  }

  /** Sends nothing more to the open subscriptions, whose connections stay open. New subscriptions work. */
  muteSubscriptions(): void {
    this.#subscriptions.mute();
  }

  async stop(): Promise<void> {
    this.faults.silence(false);
    await this.refuse();
    this.#injector.destroy();
    this.#grpc.forceShutdown();
    this.log.close();
  }
}

function supportedMethods(): SupportedMethods {
  const [, service = '', method = ''] = StreamsService.batchAppend.path.toLowerCase().split('/');
  const batchAppend = new SupportedMethod().setServiceName(service).setMethodName(method);
  return new SupportedMethods().setEventStoreServerVersion('23.10.8').setMethodsList([batchAppend]);
}
