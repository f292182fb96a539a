import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { errorRegistry, type ErrorCode } from '#libs/kernel';
import { httpStatusOf } from './http-status';
import { securityHeaders } from './security-headers';

/** Sentences for cases that the code's own sentence does not describe. */
const SENTENCE_OF: Record<string, string> = {
  HPE_HEADER_OVERFLOW: 'The request line and headers are too large',
};

const CODE_OF: Record<string, ErrorCode> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
  HPE_HEADER_OVERFLOW: 'BODY_TOO_LARGE',
};

const TUNNEL_MS_MAX = 1_000;

/**
 * Answers a request that is not HTTP, or that came too slowly, in the shape of all errors, and ends the connection
 * (case C7).
 */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  const { code = '' } = error;
  if (socket.writable) refuse(socket, CODE_OF[code] ?? 'MALFORMED_REQUEST', SENTENCE_OF[code]);
  else socket.destroy();
}

/**
 * Answers CONNECT, which asks for a tunnel. Node hands over the bare connection, so nobody else would end it or handle
 * its errors.
 */
export function answerTunnel(_request: IncomingMessage, socket: Duplex): void {
  socket.on('error', () => socket.destroy());
  refuse(socket, 'MALFORMED_REQUEST');
  // What still arrives is read, because unread bytes would reset the connection and the answer would be lost.
  socket.resume();
  setTimeout(() => socket.destroy(), TUNNEL_MS_MAX).unref();
}

function refuse(socket: Duplex, code: ErrorCode, sentence?: string): void {
  const { kind, message } = errorRegistry[code];
  const status = httpStatusOf[kind];
  const requestId = randomUUID();
  const body = JSON.stringify({ error: sentence ?? message, code, request_id: requestId });
  const headers = {
    ...securityHeaders(socket),
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'x-request-id': requestId,
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, ...lines, '', body].join('\r\n'));
}
