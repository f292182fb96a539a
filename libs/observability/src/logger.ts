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
  /** Default: stderr, written asynchronously, flushed when the process exits. */
  destination?: { write(line: string): void };
}

const STDERR = 2;
// Neither digits nor capitals nor quotes: whatever a value looks like, it seldom looks like this.
const EVENT = /^[a-z][a-z ,.;_-]{0,79}$/;

/** A logger of JSON lines, one record a line, whatever the fields hold. */
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

/** pino's ISO time, with the date formatted once a second instead of once a line. */
function isoTime(): string {
  const now = Date.now();
  const ms = now % 1_000;
  if (now - ms !== second) {
    second = now - ms;
    secondText = new Date(second).toISOString().slice(0, -'000Z'.length);
  }
  return `,"time":"${secondText}${String(ms).padStart(3, '0')}Z"`;
}

/** Text from elsewhere in the event's place, an error's message for one, may quote a value: it is dropped. */
function eventName(event: string): string {
  return EVENT.test(event) ? event : 'unnamed';
}

// JSON escapes CR, LF and ESC by itself. It lets pass what else can break or disguise a line on a screen:
// DEL and the C1 controls (0x9b starts an ANSI sequence), U+2028, U+2029, and the marks that reverse text.
const DISGUISE = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;
const DISGUISES = new RegExp(DISGUISE, 'g');

function escapeLine(line: string): string {
  // Hardly any line holds one, and to look is faster than to replace nothing.
  if (!DISGUISE.test(line)) return line;
  return line.replace(DISGUISES, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
