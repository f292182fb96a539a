import type { Socket } from 'node:net';

/** From so many calls under way on, it is worth waiting for the frames of others. */
const CROWD = 8;
/** What a frame waits then: a fraction of what a crowd takes, and it makes the groups twice as large. */
const HOLD_MS = 2;

/**
 * What is written to the socket from here to the end of this turn of the event loop leaves together: one TLS record and
 * one system call for all of it, and the other side gets it in one piece, which it goes through in step. In a crowd,
 * whatever comes within two milliseconds.
 */
export function gatherWrites(socket: Socket, underWay: number): void {
  if (socket.writableCorked > 0) return;
  socket.cork();
  const leave = () => socket.uncork();
  if (underWay < CROWD) setImmediate(leave);
  else setTimeout(leave, HOLD_MS);
}
