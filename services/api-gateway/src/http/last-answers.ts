import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** Time for requests that a client sent before it could know that the server ends. */
const IDLE_MS_AT_END = 1_000;
const CLOSE_IDLE_MS = 50;

/**
 * Lets the server end without resetting a connection. Each answer that is still to come says that it is the last one on
 * its connection, and an idle connection stays open for one more second. Fastify marks the answers to requests that
 * arrive from then on; this marks those under way.
 */
export function giveLastAnswers(server: FastifyInstance): void {
  // The latest response under way on each open connection, and no other. A connection may have sent several requests,
  // and answers behind the first marked one would be lost.
  const latest = new Map<Socket, ServerResponse | null>();
  server.addHook('onRequest', ({ raw: { socket } }, { raw: response }, done) => {
    // A client that leaves before its answer causes no onResponse, so its entry goes with its connection.
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
    // Node itself calls it as soon as it stops listening.
    http.closeIdleConnections = () => undefined;
    // It runs again and again, because a connection that becomes idle later would stay open until its time-out.
    setTimeout(() => setInterval(closeIdle, CLOSE_IDLE_MS).unref(), IDLE_MS_AT_END).unref();
    done();
  });
}
