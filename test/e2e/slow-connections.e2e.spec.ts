import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Api } from './api';
import { KeepAliveClient } from './keep-alive-client';
import { rawRequest } from './raw-http';
import { Server } from './server';
import { until } from './until';

jest.setTimeout(120_000);

/** Headers get 10 s, the whole request 15; the server looks once a second. The rest is for a machine with much to do. */
const CLOSED_MS_MAX = 40_000;

/** Connections of somebody who means no good. */
class Crowd {
  readonly sockets: Socket[] = [];
  readonly #text = new Map<Socket, string>();
  #closed = 0;

  constructor(private readonly url: string) {}

  get closed(): number {
    return this.#closed;
  }

  /** First words of the answers that came back. */
  get answers(): string[] {
    return [...this.#text.values()].map((text) => text.slice(0, 'HTTP/1.1 200'.length));
  }

  /** Opens so many, each of which begins with these bytes. */
  async open(count: number, bytes: string): Promise<void> {
    const { hostname, port } = new URL(this.url);
    const opened = Array.from({ length: count }, async () => {
      const socket = connect(Number(port), hostname);
      this.sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => this.#text.set(socket, (this.#text.get(socket) ?? '') + chunk.toString()));
      socket.on('close', () => (this.#closed += 1));
      await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
      if (bytes !== '' && socket.writable) socket.write(bytes);
    });
    await Promise.all(opened);
  }

  /** One more byte on each that is open, again and again, which keeps none of them open longer. */
  drip(): NodeJS.Timeout {
    return setInterval(() => {
      for (const socket of this.sockets) if (socket.writable && !socket.pending) socket.write('x');
    }, 2_000);
  }

  leave(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}

describe('connections', () => {
  let server: Server;
  let crowd: Crowd;
  const start = async (env: Record<string, string> = {}) => {
    server = await Server.start({ env });
    crowd = new Crowd(server.url);
    return Api.of(server);
  };
  afterEach(async () => {
    crowd.leave();
    await server.discard();
  });

  it('of 5,000 who say nothing or drip keep nobody from being served, and are closed', async () => {
    const api = await start();
    await api.create('GUARDED', 'guarded value');
    const post = rawRequest('POST /api/v1/secrets', [
      ...[`Authorization: Bearer ${server.apiKey}`, 'Content-Type: application/json'],
      'Content-Length: 100000',
    ]);
    const idle = new Crowd(server.url);
    const opened = performance.now();
    await idle.open(2_000, '');
    await crowd.open(1_500, 'GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
    await crowd.open(1_500, `${post}{"secret":`);
    const dripping = crowd.drip();
    const client = new KeepAliveClient(server, 4);
    const closed = () => idle.closed + crowd.closed;
    try {
      let served = 0;
      // As long as any of them is there.
      while (closed() < 5_000 && performance.now() - opened < CLOSED_MS_MAX) {
        const authorization = `Bearer ${server.apiKey}`;
        const started = performance.now();
        const [kept, fresh] = await Promise.all([
          client.get('secrets/GUARDED/value', { authorization }),
          api.reveal('GUARDED'),
        ]);
        expect([kept.status, fresh.status]).toEqual([200, 200]);
        expect(performance.now() - started).toBeLessThan(5_000);
        served += 1;
        await delay(20);
      }
      expect(closed()).toBe(5_000);
      expect(served).toBeGreaterThan(20);
      // Each was told why.
      expect(new Set(idle.answers)).toEqual(new Set(['HTTP/1.1 408']));
      expect(new Set(crowd.answers)).toEqual(new Set(['HTTP/1.1 408']));
      expect(crowd.answers).toHaveLength(3_000);
    } finally {
      clearInterval(dripping);
      client.close();
      idle.leave();
    }
    expect((await api.list()).body.data).toHaveLength(1);
  });

  // Left to Node's 511, the system forgets some that their clients take for open, and lets others knock once a second.
  it('that arrive a thousand at once while the server is busy are all taken', async () => {
    await start();
    const request = rawRequest('GET /livez') + '\r\n';
    process.kill(server.pid, 'SIGSTOP');
    const limit = setTimeout(() => process.kill(server.pid, 'SIGCONT'), 3_000);
    const began = performance.now();
    try {
      // None can be taken yet, and all are open already.
      await crowd.open(1_000, request);
      expect(performance.now() - began).toBeLessThan(1_000);
    } finally {
      clearTimeout(limit);
      process.kill(server.pid, 'SIGCONT');
    }
    await until(
      async () => crowd.answers.length,
      (answered) => answered === 1_000,
    );
    expect(new Set(crowd.answers)).toEqual(new Set(['HTTP/1.1 200']));
  });

  it('are closed at once beyond CONNECTIONS_MAX, and taken again when others have left', async () => {
    await start({ CONNECTIONS_MAX: '50' });
    await crowd.open(80, '');
    await until(
      async () => crowd.closed,
      (closed) => closed >= 30,
    );
    expect(crowd.closed).toBe(30);
    for (const socket of crowd.sockets) if (socket.writable) socket.write(rawRequest('GET /livez') + '\r\n');
    await until(
      async () => crowd.answers.length,
      (answered) => answered === 50,
    );
    expect(new Set(crowd.answers)).toEqual(new Set(['HTTP/1.1 200']));

    crowd.leave();
    const api = Api.of(server);
    await until(
      () => api.call('GET', '/livez').catch(() => ({ status: 0 })),
      ({ status }) => status === 200,
    );
  });
});
