import { connect } from 'node:net';
import type { Server } from './server';

export interface RawAnswer {
  /** All bytes that the server sent. */
  readonly text: string;
  /** The status of each answer on the connection. */
  readonly statuses: readonly number[];
  /** True if the server ended the connection. */
  readonly closed: boolean;
  readonly ms: number;
}

interface Exchange {
  /** Sent without a pause, or with `pauseMs` between two pieces. */
  readonly pieces: readonly (string | Uint8Array)[];
  readonly pauseMs?: number;
  /** The connection is closed when the server has sent something, and then nothing for so long. */
  readonly quietMs?: number;
  readonly msMax?: number;
}

/** Sends bytes over a new connection. With them a test can send requests that no client library sends. */
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
  // A reset by the server counts as closed, not as a failure of the test.
  socket.on('error', () => (closed = true));
  socket.on('end', () => (closed = true));
  socket.on('data', (chunk) => {
    chunks.push(chunk);
    // Send no more after an answer: if the server closes the connection meanwhile, a reset would destroy the answer.
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

/** Gives a request as text, with a Host header. */
export function rawRequest(line: string, headers: readonly string[] = [], body = ''): string {
  return [`${line} HTTP/1.1`, 'Host: localhost', ...headers, '', body].join('\r\n');
}
