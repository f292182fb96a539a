import type { Socket } from 'node:net';

/**
 * Sends everything together that is written to the socket until this turn of the event loop ends. It takes one TLS
 * record and one system call, and the other side gets it in one piece, which it works through in step.
 */
export function gatherWrites(socket: Socket): void {
  if (socket.writableCorked > 0) return;
  socket.cork();
  setImmediate(() => socket.uncork());
}
