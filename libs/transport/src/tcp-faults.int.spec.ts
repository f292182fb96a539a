import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Redacted } from '#libs/kernel';
import { createLogger } from '#libs/observability';
import type { MessageClient } from './message-client';
import { createTcpClient } from './tcp-client';
import { createTcpServer } from './tcp-server';
import { CANARY, createService, echo, give, hang, keep, passOn } from './transport.contract';

const CLIENT_DEADLINE_MS = 400;
const SERVER_DEADLINE_MS = 1_000;
const context = { correlationId: 'request-1' };
const unavailable = expect.objectContaining({ code: 'SERVICE_UNAVAILABLE' }) as unknown;
const configInvalid = expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error;
const command = { value: new Redacted('v'), note: null };

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

function loggerTo(lines: string[]) {
  return createLogger({ level: 'info', service: 'test', destination: { write: (line) => lines.push(line) } });
}

async function startServer(port = 0) {
  const lines: string[] = [];
  const logger = loggerTo(lines);
  const strategy = createTcpServer({ host: '127.0.0.1', port, logger, deadlineMs: SERVER_DEADLINE_MS });
  const app = await createService(strategy);
  await app.listen();
  cleanUps.push(() => app.close());
  return { lines, port: portOf(strategy.unwrap<Server>()), stop: () => app.close() };
}

function startClient(port: number, deadlineMs = CLIENT_DEADLINE_MS): MessageClient {
  const client = createTcpClient({ addresses: [{ host: '127.0.0.1', port }], deadlineMs });
  cleanUps.push(() => client.close());
  return client;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

interface Link {
  port: number;
  isSilent: boolean;
  /** Holds up this whole process, client included, right after an answer was sent to it. */
  holdsUpMs: number;
  resets: number;
  sockets: Socket[];
  stop: () => void;
}

/** A link to the server that can fail: it swallows what the client sends, or resets the connection `resets` times. */
async function startLink(targetPort: number): Promise<Link> {
  const link: Link = {
    port: 0,
    isSilent: false,
    holdsUpMs: 0,
    resets: 0,
    sockets: [],
    stop: () => undefined,
  };
  const server = createServer((socket) => {
    link.sockets.push(socket);
    const target = connect(targetPort, '127.0.0.1');
    socket.on('error', () => undefined).on('close', () => target.destroy());
    target.on('error', () => undefined).on('close', () => socket.destroy());
    target.on('data', (data) => {
      socket.write(data);
      for (const until = performance.now() + link.holdsUpMs; performance.now() < until;);
    });
    socket.on('data', (data) => {
      if (link.resets > 0) {
        link.resets--;
        socket.resetAndDestroy();
      } else if (!link.isSilent) target.write(data);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  link.port = portOf(server);
  link.stop = () => {
    for (const socket of link.sockets) socket.destroy();
    server.close();
  };
  cleanUps.push(link.stop);
  return link;
}

/** Sends bytes of our choice, and waits until the server has closed the connection. */
async function sendRaw(port: number, bytes: string): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(bytes);
  await new Promise((resolve) => socket.once('close', resolve));
}

describe('createTcpClient', () => {
  it('sends a query again when the connection is reset, once', async () => {
    const link = await startLink((await startServer()).port);
    const client = startClient(link.port);
    await client.ping();
    link.resets = 1;
    await expect(client.send(echo, { text: 'a' }, context)).resolves.toMatchObject({ text: 'a' });
    expect(link.sockets).toHaveLength(2);
    link.resets = 2;
    await expect(client.send(echo, { text: 'a' }, context)).rejects.toEqual(unavailable);
    expect(link.resets).toBe(0);
    expect(link.sockets).toHaveLength(3);
  });

  it('never sends a command again', async () => {
    const link = await startLink((await startServer()).port);
    const client = startClient(link.port);
    await client.ping();
    link.resets = 1;
    await expect(client.send(keep, command, context)).rejects.toEqual(unavailable);
    expect(link.sockets).toHaveLength(1);
    await expect(client.send(keep, command, context)).resolves.toMatchObject({ length: 1 });
  });

  it('finds the server again after it was gone, at the first call', async () => {
    const first = await startServer();
    const client = startClient(first.port);
    await client.ping();
    await first.stop();
    for (let i = 0; i < 3; i++) {
      await expect(client.send(keep, command, context)).rejects.toEqual(unavailable);
      await expect(client.send(echo, { text: 'a' }, context)).rejects.toEqual(unavailable);
    }
    await startServer(first.port);
    await expect(client.send(keep, command, context)).resolves.toMatchObject({ length: 1 });
    await expect(client.send(echo, { text: 'a' }, context)).resolves.toMatchObject({ text: 'a' });
  });

  it('gives up a connection on which nothing comes back, and makes a new one', async () => {
    const link = await startLink((await startServer()).port);
    const client = startClient(link.port);
    await client.ping();
    link.isSilent = true;
    const closed = once(link.sockets[0] as Socket, 'close');
    await expect(client.send(keep, command, context)).rejects.toEqual(unavailable);
    await closed;
    link.isSilent = false;
    await expect(client.send(keep, command, context)).resolves.toMatchObject({ length: 1 });
    expect(link.sockets).toHaveLength(2);
  });

  it('takes the answers that came while this process was held up for longer than they may take', async () => {
    const link = await startLink((await startServer()).port);
    const client = startClient(link.port);
    await client.ping();
    link.holdsUpMs = 2 * CLIENT_DEADLINE_MS;
    await expect(client.send(keep, command, context)).resolves.toMatchObject({ length: 1 });
    expect(link.sockets).toHaveLength(1);
  });

  it('keeps a connection that lives when one answer is late', async () => {
    const link = await startLink((await startServer()).port);
    const client = startClient(link.port);
    const late = expect(client.send(hang, { text: '' }, context)).rejects.toEqual(unavailable);
    const call = { isOver: false };
    void late.then(() => (call.isOver = true));
    while (!call.isOver) await client.send(echo, { text: 'a' }, context);
    await late;
    await client.send(echo, { text: 'a' }, context);
    expect(link.sockets).toHaveLength(1);
  });

  it('rejects at once what is waiting when it is closed', async () => {
    const link = await startLink((await startServer()).port);
    const client = startClient(link.port, 60_000);
    await client.ping();
    link.isSilent = true;
    const arrived = once(link.sockets[0] as Socket, 'data');
    const waiting = expect(client.send(keep, command, context)).rejects.toEqual(unavailable);
    await arrived;
    await client.close();
    await waiting;
  });

  it('rejects at once what waits for a connection when it is closed', async () => {
    const client = startClient((await startServer()).port, 60_000);
    const waiting = expect(client.send(keep, command, context)).rejects.toEqual(unavailable);
    await client.close();
    await waiting;
  });

  it('bounds the calls that wait', async () => {
    const link = await startLink((await startServer()).port);
    link.isSilent = true;
    const client = startClient(link.port, 2_000);
    const waiting = Array.from({ length: 4_096 }, () =>
      client.send(hang, { text: '' }, context).catch(() => 'late'),
    );
    await expect(Promise.race([client.send(hang, { text: '' }, context), ...waiting])).rejects.toEqual(
      unavailable,
    );
    expect(await Promise.all(waiting)).toEqual(waiting.map(() => 'late'));
  });

  it('does not stall when much goes both ways at once', async () => {
    const client = startClient((await startServer()).port, 20_000);
    const text = 'x'.repeat(100_000);
    const sent: Promise<{ text: string }>[] = [];
    for (let i = 0; i < 300; i++) {
      sent.push(client.send(echo, { text }, context));
      if (i % 20 === 0) await nextTurn();
    }
    const replies = await Promise.all(sent);
    expect(replies.every((reply) => reply.text === text)).toBe(true);
  }, 30_000);

  it('refuses to carry values over an open network', () => {
    expect(() => createTcpClient({ addresses: [{ host: '10.0.0.1', port: 1 }] })).toThrow(configInvalid);
  });
});

describe('createTcpClient with several addresses', () => {
  async function startAll(count: number) {
    const servers = await Promise.all(Array.from({ length: count }, () => startServer()));
    const links = await Promise.all(servers.map(({ port }) => startLink(port)));
    const lines: string[] = [];
    const client = createTcpClient({
      addresses: links.map(({ port }) => ({ host: '127.0.0.1', port })),
      deadlineMs: CLIENT_DEADLINE_MS,
      logger: loggerTo(lines),
      service: 'echo',
    });
    cleanUps.push(() => client.close());
    return { servers, links, client, lines };
  }

  const ask = (client: MessageClient) => client.send(echo, { text: 'a' }, context);
  const eventsOf = (lines: readonly string[]) =>
    lines.map((line) => (JSON.parse(line) as { event: string }).event);

  it('takes turns', async () => {
    const { links, client } = await startAll(3);
    for (let i = 0; i < 3; i++) await ask(client);
    expect(links.map(({ sockets }) => sockets.length)).toEqual([1, 1, 1]);
  });

  it('asks another when one is gone, for a query and for a command, and says so once', async () => {
    const { servers, links, client, lines } = await startAll(2);
    await Promise.all([ask(client), ask(client)]);
    links[0]?.stop();
    await servers[0]?.stop();
    for (let i = 0; i < 10; i++) {
      await expect(ask(client)).resolves.toMatchObject({ text: 'a' });
      await expect(client.send(keep, command, context)).resolves.toMatchObject({ length: 1 });
    }
    expect(eventsOf(lines)).toEqual(['service is away']);
    expect(client.addresses).toEqual({ up: 1, away: 1 });
  });

  it('sends a query again when the connection is reset, and never a command', async () => {
    const { links, client } = await startAll(2);
    await Promise.all([ask(client), ask(client)]);
    for (const link of links) link.resets = 1;
    await expect(ask(client)).rejects.toEqual(unavailable);
    for (const link of links) link.resets = 0;
    await Promise.all([ask(client), ask(client)]);
    for (const link of links) link.resets = 1;
    await expect(client.send(keep, command, context)).rejects.toEqual(unavailable);
    expect(links.map(({ resets }) => resets).sort()).toEqual([0, 1]);
  });

  it('answers a query although one is silent, passes that one over, and takes it back', async () => {
    const { links, client, lines } = await startAll(2);
    await Promise.all([ask(client), ask(client)]);
    for (const link of links.slice(0, 1)) link.isSilent = true;
    for (let i = 0; i < 2; i++) await expect(ask(client)).resolves.toMatchObject({ text: 'a' });
    const began = performance.now();
    await Promise.all([ask(client), ask(client), ask(client), ask(client)]);
    expect(performance.now() - began).toBeLessThan(CLIENT_DEADLINE_MS / 2);
    for (const link of links) link.isSilent = false;
    while (client.addresses.away > 0) await ask(client);
    expect(eventsOf(lines)).toEqual(['service is away', 'service is back']);
  });

  it('sends nothing elsewhere that a handler has seen, even when it could not pass it on', async () => {
    const { links, client } = await startAll(2);
    await expect(client.send(passOn, { text: '' }, context)).rejects.toEqual(unavailable);
    expect(links.map(({ sockets }) => sockets.length).sort()).toEqual([0, 1]);
    expect(client.addresses).toEqual({ up: 2, away: 0 });
  });

  it('loses no call while its servers are replaced one after the other', async () => {
    const servers = await Promise.all([startServer(), startServer()]);
    const ports = servers.map(({ port }) => port);
    const addresses = ports.map((port) => ({ host: '127.0.0.1', port }));
    const client = createTcpClient({ addresses, deadlineMs: 5_000 });
    cleanUps.push(() => client.close());
    const load = { isOver: false, answered: 0 };
    const work = Array.from({ length: 8 }, async () => {
      for (; !load.isOver; load.answered++) await client.send(keep, command, context);
    });
    for (const server of servers) {
      const began = performance.now();
      await server.stop();
      // Its callers were told and hung up: it need not wait until it may cut them off.
      expect(performance.now() - began).toBeLessThan(900);
      await startServer(server.port);
      const until = load.answered + 200;
      while (load.answered < until) await nextTurn();
    }
    load.isOver = true;
    await Promise.all(work);
    expect(load.answered).toBeGreaterThan(400);
  }, 20_000);

  it('is unavailable when all are gone, and takes the first that is back', async () => {
    const { servers, links, client } = await startAll(2);
    for (const link of links) link.stop();
    for (const server of servers) await server.stop();
    await expect(ask(client)).rejects.toEqual(unavailable);
    await expect(client.send(keep, command, context)).rejects.toEqual(unavailable);
    await startServer(links[1]?.port);
    await expect(client.send(keep, command, context)).resolves.toMatchObject({ length: 1 });
  });
});

describe('createTcpServer', () => {
  it.each([
    ['no length', `${CANARY}#{}`],
    ['no JSON', `${CANARY.length + 1}#{${CANARY}`],
    ['no call', `${CANARY.length + 2}#"${CANARY}"`],
    ['an event', `52#{"pattern":"echo","data":{"text":"${CANARY}","xx":"y"}}`],
    ['a call without data', `43#{"id":"1","pattern":"echo-${CANARY}-------"}`],
    ['a deep array', `200000#${'['.repeat(200_000)}`],
    ['no end', 'x'.repeat(5_000_000)],
    ['more than is allowed', `9999999#${'x'.repeat(5_000_000)}`],
  ])('ends a connection that sends %s, says nothing of it, and serves the others', async (_what, bytes) => {
    const server = await startServer();
    const client = startClient(server.port);
    await client.ping();
    await sendRaw(server.port, bytes);
    await expect(client.send(echo, { text: 'a' }, context)).resolves.toMatchObject({ text: 'a' });
    expect(server.lines).toHaveLength(1);
    expect(JSON.parse(server.lines[0] ?? '')).toMatchObject({ event: 'connection failed' });
    expect(server.lines.join('')).not.toContain(CANARY);
    expect(server.lines.join('').length).toBeLessThan(2_000);
  });

  it('tells the caller at once of a reply that JSON cannot hold', async () => {
    const server = await startServer();
    const client = startClient(server.port);
    const sent = client.send(give, { text: '' }, context);
    await expect(sent).rejects.toMatchObject({ code: 'INTERNAL_ERROR' });
    expect(JSON.parse(server.lines[0] ?? '')).toMatchObject({
      event: 'reply not sent',
      message_name: 'give',
    });
    await expect(client.send(echo, { text: 'a' }, context)).resolves.toMatchObject({ text: 'a' });
  });

  it('changes no prototype, whatever a frame holds', async () => {
    const server = await startServer();
    const request = '{"__proto__":{"polluted":"yes"},"text":"a"}';
    const call = `{"id":"1","pattern":"echo","data":{"request":${request},"context":{"correlationId":"c"}}}`;
    const socket = connect(server.port, '127.0.0.1');
    socket.write(`${call.length}#${call}`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    expect(answer.toString()).toContain('INTERNAL_ERROR');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('says to whoever starts it, and to nobody else, which port is taken and what to do', async () => {
    const { port } = await startServer();
    const lines: string[] = [];
    const app = await createService(createTcpServer({ host: '127.0.0.1', port, logger: loggerTo(lines) }));
    await expect(app.listen()).rejects.toMatchObject({
      code: 'PORT_UNAVAILABLE',
      safeMessage: `Cannot start: port ${port} on 127.0.0.1 is in use. Stop the program that uses it, or set LISTEN to another port.`,
    });
    await app.close();
    expect(lines).toEqual([]);
  });

  it('fails with PORT_UNAVAILABLE when the address is not ours', async () => {
    const logger = createLogger({ level: 'silent', service: 'test' });
    const strategy = createTcpServer({ host: 'localhost', port: 0, logger });
    Object.assign(strategy, { host: '192.0.2.1' });
    const app = await createService(strategy);
    await expect(app.listen()).rejects.toMatchObject({ code: 'PORT_UNAVAILABLE' });
    await app.close();
  });

  it('refuses to listen on an open network', () => {
    const logger = createLogger({ level: 'silent', service: 'test' });
    expect(() => createTcpServer({ host: '0.0.0.0', port: 0, logger })).toThrow(configInvalid);
  });
});
