import type { Socket } from 'node:net';

/**
 * What is written to the socket from here to the end of this turn of the event loop leaves together: one TLS record and
 * one system call for all of it, and the other side gets it in one piece, which it goes through in step.
 */
export function gatherWrites(socket: Socket): void {
  if (socket.writableCorked > 0) return;
  socket.cork();
  setImmediate(() => socket.uncork());
}
