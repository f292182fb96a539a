import { AppError, isAppError, type ErrorDetail } from './app-error';
import { Redacted } from './redacted';

/** Parses one setting. Throws a plain Error that says what is expected. */
export type Setting<T> = (text: string | undefined) => T;

/** The values that settings, or readers of settings, give, under the same names. */
export type ValuesOf<S extends Record<string, Setting<unknown>>> = {
  readonly [K in keyof S]: ReturnType<S[K]>;
};

/**
 * Parses all settings at once and freezes the result. Fails with CONFIG_INVALID, which names every bad setting and what
 * it expects, never its value.
 */
export function readEnv<S extends Record<string, Setting<unknown>>>(
  env: NodeJS.ProcessEnv,
  settings: S,
): ValuesOf<S> {
  const parsed: Record<string, unknown> = {};
  const complaints: ErrorDetail[] = [];
  for (const [name, setting] of Object.entries(settings)) {
    try {
      // An empty variable means "not set", because compose files and shells leave a variable out that way.
      parsed[name] = setting(env[name] === '' ? undefined : env[name]);
    } catch (error) {
      complaints.push({ field: name, message: error instanceof Error ? error.message : 'is invalid' });
    }
  }
  if (complaints.length > 0) throw refusal(complaints);
  return Object.freeze(parsed) as ValuesOf<S>;
}

/** Makes the CONFIG_INVALID for one setting. `message` says what is expected, never what was given. */
export function configInvalid(name: string, message: string, cause?: unknown): AppError {
  return refusal([{ field: name, message }], cause);
}

/**
 * Runs every reader before it fails, so that one start names all bad settings of a process. Readers fail by `readEnv`
 * or `configInvalid`. A CONFIG_INVALID that names no setting is a bug in a reader, and becomes a TypeError.
 */
export function readTogether<R extends Record<string, () => unknown>>(readers: R): ValuesOf<R> {
  const read: Record<string, unknown> = {};
  const complaints: ErrorDetail[] = [];
  for (const [name, reader] of Object.entries(readers)) {
    try {
      read[name] = reader();
    } catch (error) {
      if (!isAppError(error, 'CONFIG_INVALID')) throw error;
      if (!error.details) throw new TypeError('A reader refuses by configInvalid', { cause: error });
      complaints.push(...error.details);
    }
  }
  if (complaints.length > 0) throw refusal(complaints);
  return read as ValuesOf<R>;
}

function refusal(details: readonly ErrorDetail[], cause?: unknown): AppError {
  const sentences = new Set(details.map(({ field, message }) => `${field} ${message}`));
  return new AppError('CONFIG_INVALID', {
    safeMessage: `Cannot start: ${[...sentences].join('; ')}.`,
    details,
    cause,
  });
}

export function text(fallback: string): Setting<string> {
  return (value) => value ?? fallback;
}

export function optionalText(): Setting<string | undefined> {
  return (value) => value;
}

/** A whole number from `min` to `max`, both included. */
export function integer(fallback: number, min: number, max: number): Setting<number> {
  return (value) => {
    if (value === undefined) return fallback;
    const parsed = /^-?\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
    if (!(parsed >= min && parsed <= max)) throw new Error(`must be a whole number from ${min} to ${max}`);
    return parsed;
  };
}

export function oneOf<const T extends string>(fallback: T, choices: readonly T[]): Setting<T> {
  return (value) => {
    const found = choices.find((choice) => choice === (value ?? fallback));
    if (found === undefined) throw new Error(`must be one of ${choices.join(', ')}`);
    return found;
  };
}

/** `true` or `on`, `false` or `off`. Default false. */
export function flag(): Setting<boolean> {
  const choice = oneOf('false', ['true', 'false', 'on', 'off']);
  return (value) => ['true', 'on'].includes(choice(value));
}

/** Entries separated by commas. Default none. `what` names valid entries in the error message. */
export function list(what: string, isRight: (entry: string) => boolean): Setting<string[]> {
  return (value = '') => {
    const entries = value
      .split(',')
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '');
    if (!entries.every(isRight)) throw new Error(`must be a list of ${what}, separated by commas`);
    return entries;
  };
}

/** A password or a key, wrapped so that it is not printed along with the other settings. */
export function redacted(): Setting<Redacted<string> | undefined> {
  return (value) => (value === undefined ? undefined : new Redacted(value));
}
