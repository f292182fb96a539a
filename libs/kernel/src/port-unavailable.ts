import { AppError } from './app-error';

interface Place {
  readonly host: string;
  readonly port: number;
  /** The names of the settings from which host and port come. */
  readonly settings: { readonly host: string; readonly port: string };
}

/** Makes a PORT_UNAVAILABLE that says which port, why and what to do. `cause` is the error of listening. */
export function portUnavailable({ host, port, settings }: Place, cause: unknown): AppError {
  const { code = 'unknown' } = cause as NodeJS.ErrnoException;
  const reason = reasons.get(code)?.(settings) ?? `cannot be opened (${code})`;
  return new AppError('PORT_UNAVAILABLE', {
    safeMessage: `Cannot start: port ${port} on ${host} ${reason}.`,
    cause,
  });
}

const reasons = new Map<string, (settings: Place['settings']) => string>([
  ['EADDRINUSE', ({ port }) => `is in use. Stop the program that uses it, or set ${port} to another port`],
  ['EACCES', ({ port }) => `needs more rights than this user has. Set ${port} to a port above 1023`],
  [
    'EADDRNOTAVAIL',
    ({ host }) => `cannot be opened: that is no address of this machine. Set ${host} to one that is`,
  ],
  [
    'ENOTFOUND',
    ({ host }) => `cannot be opened: nobody knows that name. Set ${host} to an address of this machine`,
  ],
  [
    'EAI_AGAIN',
    ({ host }) =>
      `cannot be opened: that name cannot be looked up now. Set ${host} to an address of this machine`,
  ],
]);
