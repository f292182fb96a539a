/**
 * What a writer can do: a named set of functions that run inside a transaction on the writer's thread.
 * A job checks first and writes afterwards; what a caller should know about (a conflict) is its
 * return value. A job that throws fails the whole group it was committed with.
 */
export type Jobs = Readonly<Record<string, (argument: never) => unknown>>;

export interface SqliteWriter<J extends Jobs> {
  /**
   * Runs a job and resolves once its transaction is flushed to disk (but see `unflushed`). Jobs run in the order of the
   * calls; those that queue up while the last commit is being flushed are committed together.
   * Fails with STORE_UNAVAILABLE: outcome unknown, the job must be safe to repeat.
   */
  run<K extends keyof J>(job: K, argument: Parameters<J[K]>[0]): Promise<ReturnType<J[K]>>;
  /**
   * Moves everything into the database file and empties the log beside it, so that what earlier jobs
   * deleted is gone from both. Fails with STORE_UNAVAILABLE: call it again.
   */
  truncateWal(): Promise<void>;
  /**
   * Writes the whole file anew, so that no byte of what earlier jobs deleted or replaced is left in it or in the log
   * beside it. Overwriting alone does not do that: SQLite leaves copies of rows in the gaps of pages it has split.
   * Takes time and memory in proportion to the file. Fails with STORE_UNAVAILABLE: call it again.
   */
  rewrite(): Promise<void>;
  /** Jobs already called are finished first. */
  close(): Promise<void>;
}

export interface WriterOptions {
  /** Absolute path of the database file. Its directory exists. */
  readonly file: string;
  /** Absolute path of the module with `export function setup(db: Connection): Jobs` (schema, statements, jobs): `require.resolve('./append.jobs')`. */
  readonly jobs: string;
  /** Writers with the same thread name share one worker thread: the log has its own, the rest share one. */
  readonly thread: 'log' | 'state';
  /** Overwrite deleted bytes, so that a destroyed key leaves the file. */
  readonly secureDelete?: boolean;
  /**
   * Jobs whose effect a power failure may undo, as long as it undoes the last ones first: on their own they are committed
   * and not flushed, and are flushed with the next one that is. The end of the process undoes none.
   */
  readonly unflushed?: readonly string[];
}
