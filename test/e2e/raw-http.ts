import { connect } from 'node:net';
import type { Server } from './server';

export interface RawAnswer {
  /** Everything that came back. */
  readonly text: string;
  /** One status per answer on the connection. */
  readonly statuses: readonly number[];
  /** The server ended the connection. */
  readonly closed: boolean;
  readonly ms: number;
}

interface Exchange {
  /** Written at once, or piece by piece with a pause in between. */
  readonly pieces: readonly (string | Uint8Array)[];
  readonly pauseMs?: number;
  /** How long the server may say nothing, before and after its answer. */
  readonly quietMs?: number;
  readonly msMax?: number;
}

/** Sends bytes over a connection of their own, as no client library would let us. */
export async function exchange(
  { url }: Pick<Server, 'url'>,
  { pieces, pauseMs = 0, quietMs = 400, msMax = 30_000 }: Exchange,
): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const started = performance.now();
  const chunks: Buffer[] = [];
  let closed = false;
  let next = 0;
  let quiet: NodeJS.Timeout | undefined;
  const hangUp = () => socket.destroy();
  const end = setTimeout(hangUp, msMax);
  // A connection that the server resets is an answer, too.
  socket.on('error', () => (closed = true));
  socket.on('end', () => (closed = true));
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    // Who is answered sends no more: a server that hangs up on a sender resets the connection, answer and all.
    next = pieces.length;
    clearTimeout(quiet);
    quiet = setTimeout(hangUp, quietMs);
  });
  const write = () => {
    const piece = pieces[next];
    if (piece === undefined || !socket.writable) return;
    next += 1;
    socket.write(piece);
    if (pauseMs > 0) setTimeout(write, pauseMs);
    else write();
  };
  socket.on('connect', write);
  await new Promise((resolve) => socket.on('close', resolve));
  clearTimeout(end);
  clearTimeout(quiet);
  const text = Buffer.concat(chunks).toString();
  const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
  return { text, statuses, closed, ms: performance.now() - started };
}

/** A request as text, with the headers that every request has. */
export function rawRequest(line: string, headers: readonly string[] = [], body = ''): string {
  return [`${line} HTTP/1.1`, 'Host: localhost', ...headers, '', body].join('\r\n');
}
