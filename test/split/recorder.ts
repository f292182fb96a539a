import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { tlsOf } from './certificates';

/** A proxy between the gateway and a service, with the certificates of both. It records what the gateway sends. */
export class Recorder {
  readonly #chunks: Buffer[] = [];
  readonly #sockets = new Set<TLSSocket>();
  readonly #server;

  private constructor(service: string, targetUrl: string) {
    const { hostname: host, port } = new URL(targetUrl);
    this.#server = createServer({ ...tlsOf(service), requestCert: true }, (socket) => {
      const target = connect({
        ...tlsOf('api-gateway'),
        host,
        port: Number(port),
        checkServerIdentity: () => undefined,
      });
      this.#link(socket, target);
      this.#link(target, socket);
      socket.on('data', (data: Buffer) => this.#chunks.push(data));
    });
  }

  static async start(service: string, targetUrl: string): Promise<Recorder> {
    const recorder = new Recorder(service, targetUrl);
    recorder.#server.listen(0, '127.0.0.1');
    await once(recorder.#server, 'listening');
    return recorder;
  }

  get url(): string {
    return `tcp://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Everything that was sent so far. */
  get sent(): string {
    return Buffer.concat(this.#chunks).toString();
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #link(from: TLSSocket, to: TLSSocket): void {
    this.#sockets.add(from);
    from.on('error', () => undefined);
    from.on('close', () => to.destroy());
    from.on('data', (data: Buffer) => to.write(data));
  }
}
