import { errorRegistry, type ErrorCode, type ErrorKind } from './error-registry';

export interface ErrorDetail {
  field: string;
  message: string;
}

interface AppErrorOptions {
  /**
   * Replaces the registry's sentence, and is shown as it is. It never holds a value, a key or a password. An answer to
   * a client holds no path and no address either. A `startup` error may name the file, the folder or the address that
   * it is about: only the operator reads it.
   */
  safeMessage?: string;
  details?: readonly ErrorDetail[] | undefined;
  /** Stays in this process: it is never sent, and its text is never logged. */
  cause?: unknown;
  /** For `unavailable` and `rate-limited`: after how many seconds the client should try again. Default 1. */
  retryAfterSeconds?: number | undefined;
}

/** The only error class of the product. Recognise it by `code`: `instanceof` fails for an error of another process. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  readonly safeMessage: string;
  readonly details: readonly ErrorDetail[] | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    const safeMessage = options.safeMessage ?? errorRegistry[code].message;
    super(safeMessage, { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.kind = errorRegistry[code].kind;
    this.safeMessage = safeMessage;
    this.details = options.details;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

const DETAILS_MAX = 50;

/** Makes a VALIDATION_FAILED that names fields, the first in its sentence. No message may repeat what was sent. */
export function invalid(details: readonly ErrorDetail[]): AppError {
  const [first] = details;
  return new AppError('VALIDATION_FAILED', {
    ...(first && { safeMessage: `Validation failed: ${first.field} ${first.message}` }),
    details: details.slice(0, DETAILS_MAX),
  });
}

/** True when `error` has the shape of an AppError, and the given code if one is given. */
export function isAppError(error: unknown, code?: ErrorCode): error is AppError {
  if (!(error instanceof Error) || !('code' in error) || !('safeMessage' in error)) return false;
  return typeof error.code === 'string' && error.code in errorRegistry && (!code || error.code === code);
}
