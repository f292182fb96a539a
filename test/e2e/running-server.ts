import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface StartOptions {
  /** Default: a new directory. */
  readonly dataDir?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface Refusal {
  /** Null: it had to be killed. */
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

/** What the stores hold, for somebody who got at them, be the server stopped or not. */
export interface StoredData {
  /** The events of these types, in the order of the log. */
  events(types: readonly string[]): Promise<LoggedEvent[]>;
  /** A key of the key store, wrapped as it lies there. */
  wrappedKey(id: string): Promise<Buffer>;
  /** All that a collection of a service's read store holds, as text. */
  collection(service: string, name: string): Promise<string>;
  /** Sets a field of all documents of a collection. */
  setField(place: { service: string; collection: string }, field: string, text: string): Promise<void>;
}

/** The built server, reached from outside like by any client. */
export interface RunningServer {
  readonly url: string;
  readonly dataDir: string;
  /** From the start to the ready line. */
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
  /** Ends it in order; gives the exit code. Null: it had to be killed. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  /** Ends it as a power cut would, but for the page cache. */
  kill(): Promise<void>;
  /** Stops it and removes its data. */
  discard(): Promise<void>;
}

export function newDataDir(): string {
  return mkdtempSync(path.join(tmpdir(), 'hklst-e2e-'));
}
