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
