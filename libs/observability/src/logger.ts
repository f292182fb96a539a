import { pino } from 'pino';
import { FdDestination } from './fd-destination';
import { type LogFields, pickLogFields } from './log-fields';

export interface Logger {
  /** `event` is a constant phrase in lower case such as `request failed`; what varies goes into `fields`. */
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

export interface LoggerOptions {
  level: 'info' | 'warn' | 'error' | 'silent';
  /** The name of the service, on every line. */
  service: string;
  /** Default: stderr. It is written in the background, and flushed when the process exits. */
  destination?: { write(line: string): void };
}

const STDERR = 2;
// No digits, capitals or quotes are allowed, because a value seldom looks like this.
const EVENT = /^[a-z][a-z ,.;_-]{0,79}$/;

/** Makes a logger that writes one line of JSON for each record, no matter what the fields hold. */
export function createLogger(options: LoggerOptions): Logger {
  const lines = pino(
    {
      level: options.level,
      base: { service: options.service },
      messageKey: 'event',
      timestamp: isoTime,
      formatters: { level: (label) => ({ level: label }) },
      hooks: { streamWrite: escapeLine },
    },
    options.destination ?? new FdDestination(STDERR),
  );
  return {
    info: (event, fields = {}) => lines.info(pickLogFields(fields), eventName(event)),
    warn: (event, fields = {}) => lines.warn(pickLogFields(fields), eventName(event)),
    error: (event, fields = {}) => lines.error(pickLogFields(fields), eventName(event)),
  };
}

let second = 0;
let secondText = '';

/** Gives pino's ISO time. The date is formatted once a second instead of once a line. */
function isoTime(): string {
  const now = Date.now();
  const ms = now % 1_000;
  if (now - ms !== second) {
    second = now - ms;
    secondText = new Date(second).toISOString().slice(0, -'000Z'.length);
  }
  return `,"time":"${secondText}${String(ms).padStart(3, '0')}Z"`;
}

/** Drops a text that is no event of ours, such as the message of an error, because it may quote a value. */
function eventName(event: string): string {
  return EVENT.test(event) ? event : 'unnamed';
}

// JSON itself escapes CR, LF and ESC. These are other characters that can break or disguise a line on a screen: DEL and
// the C1 controls (0x9b starts an ANSI sequence), U+2028, U+2029, and the marks that reverse text.
const DISGUISE = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;
const DISGUISES = new RegExp(DISGUISE, 'g');

function escapeLine(line: string): string {
  // Hardly any line holds one, and a test is faster than a replacement.
  if (!DISGUISE.test(line)) return line;
  return line.replace(DISGUISES, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
