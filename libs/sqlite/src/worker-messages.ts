import type { WriterOptions } from './sqlite-writer';

/**
 * A request to the worker. Each one names its file in full, so that the worker can open the file whenever it is not
 * open: the first time, after a failure, after a crash.
 */
export interface WorkerRequest {
  readonly id: number;
  readonly options: WriterOptions;
  readonly action:
    | { readonly kind: 'open' | 'close' | 'truncate wal' | 'rewrite' }
    | { readonly kind: 'commit'; readonly jobs: readonly (readonly [name: string, argument: unknown])[] };
}

export interface WorkerFailure {
  /** SQLite's name of the error, such as `SQLITE_FULL`, where there is one. */
  readonly sqliteCode: string | undefined;
  readonly message: string;
  /** True when the thread ends with this failure and answers no other request. */
  readonly isLast: boolean;
}

export interface WorkerReply {
  readonly id: number;
  /** One per job. */
  readonly results?: readonly unknown[];
  readonly failure?: WorkerFailure;
}
