import { connect, type Connection, type Statement } from './sqlite-connection';

export interface SqliteReader extends Pick<Connection, 'close'> {
  prepare<Row extends readonly unknown[] = unknown[]>(sql: string): ReadStatement<Row>;
}

export type ReadStatement<Row extends readonly unknown[] = unknown[]> = Pick<Statement<Row>, 'get' | 'all'>;

/**
 * Opens a connection that can only read. Open the writer first, because it creates the file. Each read sees at least
 * every commit that this thread has been told of. Reads run on the calling thread, so keep them to a page.
 */
export function openSqliteReader(file: string): SqliteReader {
  const connection = connect(file);
  connection.pragma('query_only = ON');
  // A reader waits only for the end of a checkpoint.
  connection.pragma('busy_timeout = 1000');
  const snapshot = new SharedSnapshot(connection);
  return {
    prepare: <Row extends readonly unknown[]>(sql: string) => {
      const statement = connection.prepare<Row>(sql);
      return {
        get: (...parameters) => snapshot.read(() => statement.get(...parameters)),
        all: (...parameters) => snapshot.read(() => statement.all(...parameters)),
      };
    },
    close() {
      snapshot.leave();
      connection.close();
    },
  };
}

/**
 * Lets reads that follow directly on one another share a transaction, because taking and releasing the file's lock is
 * two thirds of a short read. It begins with the second read, and ends with the first microtask queued behind them. No
 * newer commit can be known before that, because it is reported by a message from another thread.
 */
class SharedSnapshot {
  readonly #begin: Statement;
  readonly #end: Statement;
  #reads = 0;
  #failure: Error | undefined;

  constructor(private readonly connection: Connection) {
    this.#begin = connection.prepare('BEGIN');
    this.#end = connection.prepare('COMMIT');
  }

  read<R>(work: () => R): R {
    // A snapshot that could not be left would show old data for ever.
    if (this.#failure) throw this.#failure;
    this.#reads += 1;
    if (this.#reads === 1) queueMicrotask(() => this.leave());
    if (this.#reads === 2) this.#begin.run();
    return work();
  }

  leave(): void {
    try {
      // SQLite itself may have ended the transaction after a failed read.
      if (this.#reads > 1 && this.connection.inTransaction) this.#end.run();
    } catch (error) {
      this.#failure = new Error('A snapshot could not be left', { cause: error });
    } finally {
      this.#reads = 0;
    }
  }
}
