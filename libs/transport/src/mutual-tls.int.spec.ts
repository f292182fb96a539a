import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import {
  connect as netConnect,
  createServer as createNetServer,
  type AddressInfo,
  type Server,
} from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as tlsConnect, createServer as createTlsServer } from 'node:tls';
import { Redacted } from '#libs/kernel';
import { createLogger } from '#libs/observability';
import type { MutualTls } from './mutual-tls';
import { createTcpClient } from './tcp-client';
import { createTcpServer } from './tcp-server';
import { CANARY, createService, echo, keep } from './transport.contract';

const context = { correlationId: 'request-1' };
const unavailable = expect.objectContaining({ code: 'SERVICE_UNAVAILABLE' }) as unknown;

/** A private authority in a directory of its own, made with the openssl command. */
class Authority {
  constructor(private readonly directory: string) {
    this.#openssl([
      'req',
      '-x509',
      ...NEW_KEY,
      '-days',
      '2',
      '-subj',
      '/CN=test-ca',
      '-keyout',
      'ca.key',
      '-out',
      'ca.crt',
    ]);
  }

  issue(name: string, alternative = `DNS:${name}.internal`): Pick<MutualTls, 'cert' | 'key' | 'ca'> {
    writeFileSync(join(this.directory, 'ext'), `subjectAltName=${alternative}\n`);
    this.#openssl([
      'req',
      ...NEW_KEY,
      '-subj',
      `/CN=${name}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
    ]);
    const ca = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'ext'];
    this.#openssl(['x509', '-req', '-in', `${name}.csr`, ...ca, '-out', `${name}.crt`]);
    const read = (file: string) => readFileSync(join(this.directory, file));
    return { cert: read(`${name}.crt`), key: read(`${name}.key`), ca: read('ca.crt') };
  }

  #openssl(parameters: string[]): void {
    execFileSync('openssl', parameters, { cwd: this.directory, stdio: 'ignore' });
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
const portOf = (server: Server) => (server.address() as AddressInfo).port;

(hasOpenssl ? describe : describe.skip)('mutual TLS (needs the openssl command)', () => {
  const directories: string[] = [];
  const cleanUps: (() => unknown)[] = [];
  let gateway: MutualTls;
  let access: MutualTls;
  let stranger: MutualTls;
  let impostor: MutualTls;

  const newAuthority = () => {
    directories.push(mkdtempSync(join(tmpdir(), 'mutual-tls-')));
    return new Authority(directories.at(-1) ?? '');
  };

  beforeAll(() => {
    const ours = newAuthority();
    gateway = { ...ours.issue('gateway'), allowedPeers: ['access'] };
    access = { ...ours.issue('access', 'URI:spiffe://hklst/access'), allowedPeers: ['gateway'] };
    stranger = { ...ours.issue('stranger'), allowedPeers: ['access', 'gateway'] };
    impostor = { ...newAuthority().issue('access'), allowedPeers: ['access', 'gateway'] };
  });

  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });

  afterAll(() => {
    for (const directory of directories) rmSync(directory, { recursive: true });
  });

  async function startServer(tls: MutualTls) {
    const lines: string[] = [];
    const logger = createLogger({
      level: 'info',
      service: 'test',
      destination: { write: (line) => lines.push(line) },
    });
    const strategy = createTcpServer({ host: '127.0.0.1', port: 0, tls, logger });
    const app = await createService(strategy);
    await app.listen();
    cleanUps.push(() => app.close());
    return { lines, port: portOf(strategy.unwrap<Server>()) };
  }

  function startClient(port: number, tls?: MutualTls, deadlineMs = 2_000) {
    const client = createTcpClient({ addresses: [{ host: '127.0.0.1', port }], deadlineMs, tls });
    cleanUps.push(() => client.close());
    return client;
  }

  it('carries messages between two services that expect each other', async () => {
    const { port } = await startServer(access);
    const client = startClient(port, gateway);
    const reply = await client.send(keep, { value: new Redacted(CANARY), note: null }, context);
    expect(reply.value.expose()).toBe(CANARY);
  });

  it('knows a service by an alternative name too', async () => {
    const { port } = await startServer({ ...access, allowedPeers: ['gateway.internal'] });
    const client = startClient(port, { ...gateway, allowedPeers: ['spiffe://hklst/access'] });
    await expect(client.ping()).resolves.toBeUndefined();
  });

  it('refuses a client that is certified but not expected', async () => {
    const { port, lines } = await startServer(access);
    await expect(startClient(port, stranger).send(echo, { text: 'a' }, context)).rejects.toEqual(unavailable);
    expect(lines.map((line) => JSON.parse(line) as object)).toContainEqual(
      expect.objectContaining({ event: 'peer refused' }),
    );
  });

  it('refuses a client that another authority certified, or nobody', async () => {
    const { port } = await startServer(access);
    await expect(startClient(port, { ...impostor, ca: gateway.ca }).ping()).rejects.toEqual(unavailable);
    await expect(startClient(port).ping()).rejects.toEqual(unavailable);
    const anonymous = tlsConnect({
      host: '127.0.0.1',
      port,
      ca: gateway.ca,
      checkServerIdentity: () => undefined,
    });
    anonymous.on('error', () => undefined);
    anonymous.write('2#{}');
    await new Promise((resolve) => anonymous.once('close', resolve));
    await expect(startClient(port, gateway).ping()).resolves.toBeUndefined();
  });

  it.each([
    ['is certified but not expected', () => stranger],
    ['another authority certified', () => impostor],
  ])('sends nothing to a server that %s', async (_what, identity) => {
    const received: Buffer[] = [];
    const server = createTlsServer({ ...identity() }, (socket) => {
      socket.on('error', () => undefined).on('data', (data: Buffer) => received.push(data));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanUps.push(() => void server.close());
    const client = startClient(portOf(server), gateway);
    const sent = client.send(keep, { value: new Redacted(CANARY), note: null }, context);
    await expect(sent).rejects.toEqual(unavailable);
    expect(Buffer.concat(received).toString()).toBe('');
  });

  it('gives up a handshake that never ends, at the deadline or when it is closed', async () => {
    const silent = createNetServer((socket) => void socket.on('error', () => undefined).resume());
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    cleanUps.push(() => void silent.close());
    await expect(startClient(portOf(silent), gateway, 200).ping()).rejects.toEqual(unavailable);
    const client = startClient(portOf(silent), gateway, 60_000);
    const waiting = expect(client.ping()).rejects.toEqual(unavailable);
    await client.close();
    await waiting;
  });

  it('survives a peer that speaks no TLS', async () => {
    const { port } = await startServer(access);
    const socket = netConnect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('22#{"id":"1","pattern":1}');
    await new Promise((resolve) => socket.once('close', resolve));
    await expect(startClient(port, gateway).ping()).resolves.toBeUndefined();
  });

  it('does not stall when much goes both ways at once', async () => {
    const { port } = await startServer(access);
    const client = startClient(port, gateway, 20_000);
    const text = 'x'.repeat(100_000);
    const replies = await Promise.all(
      Array.from({ length: 300 }, () => client.send(echo, { text }, context)),
    );
    expect(replies.every((reply) => reply.text === text)).toBe(true);
  }, 30_000);
});
