import { errorRegistry, type ErrorCode, type ErrorKind } from './error-registry';

export interface ErrorDetail {
  field: string;
  message: string;
}

interface AppErrorOptions {
  /** Replaces the registry's sentence. Must be safe to show to anybody: no value, no path, no address. */
  safeMessage?: string;
  details?: readonly ErrorDetail[];
  /** Kept on this side of every boundary; neither logged as text nor sent. */
  cause?: unknown;
  /** For `unavailable` and `rate-limited`: when trying again makes sense, in seconds. */
  retryAfterSeconds?: number;
}

/** The one error of the product. Recognise it by `code`: `instanceof` does not survive a wire. */
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

/** A VALIDATION_FAILED that names fields; its sentence is about the first one. A message must not repeat what was sent. */
export function invalid(details: readonly ErrorDetail[]): AppError {
  const [first] = details;
  return new AppError('VALIDATION_FAILED', {
    ...(first && { safeMessage: `Validation failed: ${first.field} ${first.message}` }),
    details: details.slice(0, DETAILS_MAX),
  });
}

/** True when `error` is an AppError, by shape, with the given code if one is given. */
export function isAppError(error: unknown, code?: ErrorCode): error is AppError {
  if (!(error instanceof Error) || !('code' in error) || !('safeMessage' in error)) return false;
  return typeof error.code === 'string' && error.code in errorRegistry && (!code || error.code === code);
}
