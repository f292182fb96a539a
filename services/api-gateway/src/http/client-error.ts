import type { Socket } from 'node:net';
import { errorRegistry, newCommandId, type ErrorCode } from '#libs/kernel';
import { httpStatusOf } from '../errors/http-status';

const REASON: Record<number, string> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Payload Too Large',
};

const CODE_OF: Record<string, ErrorCode> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'REQUEST_TIMEOUT',
  HPE_HEADER_OVERFLOW: 'BODY_TOO_LARGE',
};

/** Answers what is not HTTP, or not in time, in the one shape of errors, and ends the connection (case C7). */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const code = CODE_OF[error.code ?? ''] ?? 'MALFORMED_REQUEST';
  const { kind, message } = errorRegistry[code];
  const status = httpStatusOf[kind];
  const requestId = newCommandId();
  const body = JSON.stringify({ error: message, code, request_id: requestId });
  const head = [
    `HTTP/1.1 ${status} ${REASON[status] ?? 'Error'}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
