import type { AppError } from '#libs/kernel';

/** The one place where an error's kind becomes an HTTP status (REST contract, status codes). */
export const httpStatusOf: Readonly<Record<AppError['kind'], number>> = {
  malformed: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  'method-not-allowed': 405,
  timeout: 408,
  conflict: 409,
  'precondition-failed': 412,
  'too-large': 413,
  'unsupported-media': 415,
  invalid: 422,
  'rate-limited': 429,
  unavailable: 503,
  internal: 500,
  // Such an error ends the process before it can answer anybody.
  startup: 500,
};
