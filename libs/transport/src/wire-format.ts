import { AppError, errorRegistry, Redacted, type ErrorCode, type ErrorDetail } from '#libs/kernel';
import type { MessageContext } from './message-client';
import { NotTaken } from './not-taken';

/** The name of the message that only asks whether the service answers. */
export const PING = '$ping';
/** The id of a frame with which a server that is about to end asks its callers to hang up after their answers. */
export const BYE = '$bye';

/** A frame holds at most this many characters. A longer one ends the connection. */
export const MAX_REQUEST_CHARS = 4 * 1024 * 1024;
/** An unpaged list of 10,000 secrets with all fields full has 30 million characters. */
export const MAX_REPLY_CHARS = 64 * 1024 * 1024;
/** How long the other side may stop in the middle of a frame. */
export const UNFINISHED_FRAME_MS = 10_000;

export interface Call {
  readonly id: string;
  readonly name: string;
  readonly request: unknown;
  readonly context: MessageContext;
}

interface WireError {
  readonly code: ErrorCode;
  readonly safeMessage: string;
  readonly details?: readonly ErrorDetail[] | undefined;
  readonly retryAfterSeconds?: number | undefined;
}

export interface Answer {
  readonly id: string;
  readonly response?: unknown;
  readonly err?: WireError;
  /** Stands beside `err` when no handler has seen the call, so that it may be sent elsewhere. */
  readonly notTaken?: true;
}

/** Makes the frame of a call, in the form that Nest's own clients use. */
export function callFrame({ id, name, request, context }: Call): object {
  const { correlationId } = context;
  return { id, pattern: name, data: { request: encodeRedacted(request), context: { correlationId } } };
}

/** Reads what a peer sent as a call; undefined if it is none. The request and the context are not checked yet. */
export function readCall(frame: unknown): Call | undefined {
  const { id, pattern, data } = (frame ?? {}) as { id?: unknown; pattern?: unknown; data?: unknown };
  if (typeof id !== 'string' || typeof pattern !== 'string' || typeof data !== 'object' || !data)
    return undefined;
  const { request, context } = data as { request?: unknown; context?: { correlationId?: unknown } };
  const correlationId = context?.correlationId as string;
  return { id, name: pattern, request: decodeRedacted(request), context: { correlationId } };
}

export function answerFrame(id: string, reply: unknown): Answer {
  return { id, response: encodeRedacted(reply) };
}

export function errorFrame(id: string, error: AppError): Answer {
  const { code, safeMessage, details, retryAfterSeconds } = error;
  const err = { code, safeMessage, details, retryAfterSeconds };
  return error.cause instanceof NotTaken ? { id, err, notTaken: true } : { id, err };
}

/**
 * Gives the reply. Throws the AppError that the other side sent instead, or NotTaken when the other side refused the
 * call unread.
 */
export function readAnswer({ err, response, notTaken }: Answer): unknown {
  if (err === undefined) return decodeRedacted(response);
  if (notTaken === true) throw new NotTaken();
  if (!Object.hasOwn(errorRegistry, err.code)) throw new AppError('INTERNAL_ERROR');
  throw new AppError(err.code, err);
}

/**
 * A Redacted would serialise as "[redacted]". So a field of the request or reply itself crosses as `{"$redacted":
 * "…"}`. Nowhere else in the transport is a value in the open.
 */
function encodeRedacted(message: unknown): unknown {
  if (!isRecord(message)) return message;
  const encoded = { ...message };
  for (const [field, value] of Object.entries(message)) {
    if (value instanceof Redacted) encoded[field] = { $redacted: (value as Redacted<unknown>).expose() };
  }
  return encoded;
}

/** Makes a Redacted of each such field. The contract decides afterwards whether one belongs there. */
function decodeRedacted(message: unknown): unknown {
  if (!isRecord(message)) return message;
  for (const [field, value] of Object.entries(message)) {
    if (isRecord(value) && typeof value['$redacted'] === 'string')
      message[field] = new Redacted(value['$redacted']);
  }
  return message;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
