import { AppError, errorRegistry, Redacted, type ErrorCode, type ErrorDetail } from '#libs/kernel';
import type { MessageContext } from './message-client';
import { NotTaken } from './not-taken';

/** The name of the message that asks nothing but whether the service answers. */
export const PING = '$ping';
/** The id of the frame by which a server that is about to end asks its callers to hang up after their answers. */
export const BYE = '$bye';

/** A frame holds at most this many characters; a longer one ends the connection. */
export const MAX_REQUEST_CHARS = 4 * 1024 * 1024;
/** An unpaged list of 10,000 secrets, all fields full, has 30 million. */
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
  /** Beside `err`: no handler has seen the call, so it may be sent elsewhere. */
  readonly notTaken?: true;
}

/** The frame of a call, in the form Nest's own clients give it. */
export function callFrame({ id, name, request, context }: Call): object {
  const { correlationId } = context;
  return { id, pattern: name, data: { request: encodeRedacted(request), context: { correlationId } } };
}

/** Reads what a peer sent as a call; undefined if it is none. Request and context are unchecked. */
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

/** The reply, or the AppError that the other side gave instead; NotTaken when it refused the call unread. */
export function readAnswer({ err, response, notTaken }: Answer): unknown {
  if (err === undefined) return decodeRedacted(response);
  if (notTaken === true) throw new NotTaken();
  if (!Object.hasOwn(errorRegistry, err.code)) throw new AppError('INTERNAL_ERROR');
  throw new AppError(err.code, err);
}

/**
 * A Redacted would serialise as "[redacted]". Fields of the request or reply itself cross as
 * `{"$redacted": "…"}`; this is the one place of the transport where a value is in the open.
 */
function encodeRedacted(message: unknown): unknown {
  if (!isRecord(message)) return message;
  const encoded = { ...message };
  for (const [field, value] of Object.entries(message)) {
    if (value instanceof Redacted) encoded[field] = { $redacted: (value as Redacted<unknown>).expose() };
  }
  return encoded;
}

/** The contract decides afterwards whether a Redacted belongs where one was found. */
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
