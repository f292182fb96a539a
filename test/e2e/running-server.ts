import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface StartOptions {
  /** Default: a new directory. */
  readonly dataDir?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Refusal {
  /** Null: the process had to be killed. */
  readonly code: number | null;
  /** All that was printed, on both streams. */
  readonly output: string;
}

export interface LoggedEvent {
  readonly stream: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Direct access to the data in the stores, past the server, which may be running or not. */
export interface StoredData {
  /** The events of these types, in the order of the log. */
  events(types: readonly string[]): Promise<LoggedEvent[]>;
  /** A key of the key store, still wrapped. */
  wrappedKey(id: string): Promise<Buffer>;
  /** The content of a collection in a service's read store, as text. */
  collection(service: string, name: string): Promise<string>;
  /** Sets a field of all documents of a collection. */
  setField(place: { service: string; collection: string }, field: string, text: string): Promise<void>;
}

/** The built server, which tests use from outside like any client. */
export interface RunningServer {
  readonly url: string;
  readonly dataDir: string;
  /** The time from the start to the ready line. */
  readonly readyMs: number;
  /** The key that the first start made. */
  readonly apiKey: string;
  /** All that was printed so far, logs included. */
  readonly printed: string;
  /** What a person sees at the terminal. */
  readonly screen: string;
  readonly logs: string;
  readonly pid: number;
  readonly stored: StoredData;
  /** Ends the server gracefully, and gives the exit code; null if it had to be killed. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  /** Ends the server at once, as a power cut would, except that the page cache survives. */
  kill(): Promise<void>;
  /** Kills the server and removes its data. */
  discard(): Promise<void>;
}

export function newDataDir(): string {
  return mkdtempSync(path.join(tmpdir(), 'hklst-e2e-'));
}
