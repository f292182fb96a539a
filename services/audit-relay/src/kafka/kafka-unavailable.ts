import { AppError, isAppError } from '#libs/kernel';
import type { Logger } from '#libs/observability';

/** The form of error names in Kafka's protocol and in Node. */
const ERROR_TYPE = /^[A-Z][A-Z0-9_]{1,63}$/;

/** Makes SERVICE_UNAVAILABLE of any failure of the client. The log names the failure. */
export function kafkaUnavailable(error: unknown, logger: Logger): AppError {
  if (isAppError(error)) return error;
  const cause = originOf(error);
  logger.warn('kafka is away', { reason: typeOf(cause) });
  return new AppError('SERVICE_UNAVAILABLE', { cause });
}

/** The client wraps an error once per layer, and the errors of several topics into one. */
function originOf(error: unknown): unknown {
  const { cause, errors } = Object(error) as { cause?: unknown; errors?: readonly unknown[] };
  const inner = cause ?? errors?.[0];
  return inner === undefined ? error : originOf(inner);
}

function typeOf(error: unknown): string {
  const { type, code, name } = Object(error) as Record<string, unknown>;
  for (const text of [type, code]) if (typeof text === 'string' && ERROR_TYPE.test(text)) return text;
  return typeof name === 'string' ? name : 'unknown';
}
