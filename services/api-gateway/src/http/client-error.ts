import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { errorRegistry, newCommandId, type ErrorCode } from '#libs/kernel';
import { httpStatusOf } from '../errors/http-status';
import { securityHeaders } from './security-headers';

const REASON: Record<number, string> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Payload Too Large',
};

/** Where the code's own sentence would speak of something else. */
const SENTENCE_OF: Record<string, string> = {
  HPE_HEADER_OVERFLOW: 'The request line and headers are too large',
};

const CODE_OF: Record<string, ErrorCode> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
  HPE_HEADER_OVERFLOW: 'BODY_TOO_LARGE',
};

const TUNNEL_MS_MAX = 1_000;

/** Answers what is not HTTP, or not in time, in the one shape of errors, and ends the connection (case C7). */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  const { code = '' } = error;
  if (socket.writable) refuse(socket, CODE_OF[code] ?? 'MALFORMED_REQUEST', SENTENCE_OF[code]);
  else socket.destroy();
}

/** CONNECT asks for a tunnel, and hands over the bare connection: nobody else would end it, nor hear of its errors. */
export function answerTunnel(_request: IncomingMessage, socket: Duplex): void {
  socket.on('error', () => socket.destroy());
  refuse(socket, 'MALFORMED_REQUEST');
  // What still comes is read, else the answer would be lost with it.
  socket.resume();
  setTimeout(() => socket.destroy(), TUNNEL_MS_MAX).unref();
}

function refuse(socket: Duplex, code: ErrorCode, sentence?: string): void {
  const { kind, message } = errorRegistry[code];
  const status = httpStatusOf[kind];
  const requestId = newCommandId();
  const body = JSON.stringify({ error: sentence ?? message, code, request_id: requestId });
  const headers = {
    ...securityHeaders(socket),
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'x-request-id': requestId,
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end([`HTTP/1.1 ${status} ${REASON[status] ?? 'Error'}`, ...lines, '', body].join('\r\n'));
}
