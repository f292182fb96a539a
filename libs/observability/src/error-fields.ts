import { isNativeError } from 'node:util/types';
import { isAppError, type AppError } from '#libs/kernel';
import type { LogFields } from './log-fields';

const MAX_FRAMES = 12;
// `    at Service.method (/app/file.js:1:2)`, `    at async /app/file.js:1:2`, `    at Array.map (<anonymous>)`.
const FRAME =
  /^\s+at (?:[\w$.<>[\] #]{1,120} \((?:<anonymous>|index \d{1,9})\)|(?:[\w$.<>[\] #]{1,120} \()?(?:node:|file:\/\/|\/|[A-Za-z]:\\)[^()\s]{1,300}:\d+:\d+\)?)$/;
const NAME = /^[A-Za-z]\w{0,63}$/;
const CODE = /^[A-Z][A-Z0-9_]{1,63}$/;

/**
 * Gives what may be logged about anything that was thrown: its name, its code, and where it came from. It leaves the
 * message out, because messages quote what they were given, and that may be a value. For an AppError it tells of the
 * cause, and gives the cause's code beside the AppError's own.
 */
export function errorFields(error: unknown): LogFields {
  if (isAppError(error)) {
    const origin = originOf(error);
    const cause_code = isAppError(origin) ? undefined : codeOf(origin);
    return { error_code: error.code, error_name: nameOf(origin), cause_code, stack: framesOf(origin) };
  }
  if (!isNativeError(error)) return { error_name: typeof error };
  return { error_code: codeOf(error), error_name: nameOf(error), stack: framesOf(error) };
}

/** Gives the error that an AppError was made from, even when it was wrapped several times. */
function originOf(error: AppError): Error {
  let origin: Error = error;
  while (isAppError(origin) && isNativeError(origin.cause)) origin = origin.cause;
  return origin;
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' && CODE.test(error.code) ? error.code : undefined;
}

/** Some libraries leave the name of every error at "Error". The name of the class says more then. */
function nameOf(error: Error): string {
  const name = error.name === 'Error' ? error.constructor.name : error.name;
  return NAME.test(name) ? name : 'Error';
}

/**
 * Gives the frames of a stack. The stack begins with the message, and a message may hold lines that look like frames.
 * So only lines after the message are kept, and of those only the last ones, all of which must be frames.
 */
function framesOf(error: Error): string {
  const stack = typeof error.stack === 'string' ? error.stack : '';
  const messageAt = stack.indexOf(error.message);
  const lines = (messageAt < 0 ? stack : stack.slice(messageAt + error.message.length)).split('\n');
  const firstFrame = lines.findLastIndex((line) => !FRAME.test(line)) + 1;
  return lines
    .slice(firstFrame, firstFrame + MAX_FRAMES)
    .map((line) => line.trim())
    .join('\n');
}
