import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** For what its client sent before it could know that the server ends. */
const IDLE_MS_AT_END = 1_000;
const CLOSE_IDLE_MS = 50;

/**
 * Lets the server end without resetting anybody: each answer from then on says that it is the last of its connection, and
 * a connection without a request stays open for a second. Fastify says so of what arrives from then on.
 */
export function giveLastAnswers(server: FastifyInstance): void {
  // Of each open connection the last response under way, for one connection may have sent several requests: after the
  // first answer that says so the others would be lost.
  const latest = new Map<Socket, ServerResponse | null>();
  server.addHook('onRequest', ({ raw: { socket } }, { raw: response }, done) => {
    // A client that leaves before its answer causes no onResponse: what is kept of it goes with its connection.
    if (!latest.has(socket)) socket.once('close', () => latest.delete(socket));
    if (!socket.destroyed) latest.set(socket, response);
    done();
  });
  server.addHook('onResponse', ({ raw: { socket } }, { raw: response }, done) => {
    if (latest.get(socket) === response) latest.set(socket, null);
    done();
  });
  server.addHook('preClose', (done) => {
    for (const response of latest.values())
      if (response && !response.headersSent) response.setHeader('connection', 'close');
    const { server: http } = server;
    const closeIdle = http.closeIdleConnections.bind(http);
    // Node itself calls it as soon as it listens no more.
    http.closeIdleConnections = () => undefined;
    // Again and again: one that falls idle later would else stay open until its time-out.
    setTimeout(() => setInterval(closeIdle, CLOSE_IDLE_MS).unref(), IDLE_MS_AT_END).unref();
    done();
  });
}
