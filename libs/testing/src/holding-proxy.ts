import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** Stands between a client and a server on this machine, and can hold back what the client sends. */
export class HoldingProxy {
  readonly #sockets = new Set<Socket>();
  readonly #held: (() => void)[] = [];
  #text: string | undefined;
  #onHeld: () => void = () => undefined;

  private constructor(
    private readonly server: Server,
    private readonly targetPort: number,
  ) {
    server.on('connection', (client) => this.#carry(client));
  }

  static async start(targetPort: number): Promise<HoldingProxy> {
    const server = createServer();
    const proxy = new HoldingProxy(server, targetPort);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  /** From now on holds each chunk that contains `text`. Resolves when the first one is held. */
  hold(text: string): Promise<void> {
    this.#text = text;
    return new Promise((resolve) => (this.#onHeld = resolve));
  }

  /** Sends the held chunks, and holds no further ones. */
  release(): void {
    this.#text = undefined;
    for (const send of this.#held.splice(0)) send();
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #carry(client: Socket): void {
    const upstream = connect(this.targetPort, '127.0.0.1');
    for (const socket of [client, upstream]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
    }
    upstream.pipe(client);
    client.on('close', () => upstream.destroy());
    client.on('data', (chunk) => {
      const send = () => void upstream.write(chunk);
      if (this.#text === undefined || !chunk.includes(this.#text)) return send();
      this.#held.push(send);
      this.#onHeld();
    });
  }
}
