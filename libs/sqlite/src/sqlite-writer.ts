/**
 * The jobs of a writer: named functions that run inside a transaction on the writer's thread. A job checks first and
 * writes afterwards. It returns what its caller must know, such as a conflict. A job that throws fails its whole group.
 */
export type Jobs = Readonly<Record<string, (argument: never) => unknown>>;

export interface SqliteWriter<J extends Jobs> {
  /**
   * Runs a job and resolves once its transaction is flushed to disk (except `unflushed` jobs). Jobs run in the order of
   * the calls. Those that queue up while the last commit is being flushed are committed together. Fails with
   * STORE_UNAVAILABLE: the outcome is unknown, so the job must be safe to repeat.
   */
  run<K extends keyof J>(job: K, argument: Parameters<J[K]>[0]): Promise<ReturnType<J[K]>>;
  /**
   * Moves everything into the database file and empties the write-ahead log, so that what earlier jobs deleted is gone
   * from both. Fails with STORE_UNAVAILABLE; call it again then.
   */
  truncateWal(): Promise<void>;
  /**
   * Rewrites the whole file, so that no byte of what earlier jobs deleted or replaced is left in it or in the
   * write-ahead log. Overwriting alone does not do that, because SQLite leaves copies of rows in the gaps of pages it
   * has split. Takes time and memory in proportion to the file. Fails with STORE_UNAVAILABLE; call it again then.
   */
  rewrite(): Promise<void>;
  /** Finishes the jobs that were already called, and closes the file. */
  close(): Promise<void>;
}

export interface WriterOptions {
  /** Absolute path of the database file. Its directory must exist. */
  readonly file: string;
  /**
   * Absolute path of a module with `export function setup(db: Connection): Jobs`: `require.resolve('./append.jobs')`.
   */
  readonly jobs: string;
  /** Writers with the same thread name share a worker thread. The log has its own, the rest share one. */
  readonly thread: 'log' | 'state';
  /** Overwrites deleted bytes, so that a destroyed key leaves the file. */
  readonly secureDelete?: boolean;
  /**
   * Jobs whose effect a power failure may undo, the latest first. A transaction of only such jobs is committed without
   * a flush, and flushed with the next one that is. The end of the process undoes none.
   */
  readonly unflushed?: readonly string[];
}
