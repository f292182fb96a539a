import { connect, type Connection, type Statement } from './sqlite-connection';

export interface SqliteReader extends Pick<Connection, 'close'> {
  prepare<Row extends readonly unknown[] = unknown[]>(sql: string): ReadStatement<Row>;
}

export type ReadStatement<Row extends readonly unknown[] = unknown[]> = Pick<Statement<Row>, 'get' | 'all'>;

/**
 * A connection that can only read; open the writer first, it makes the file. Each read sees all that this thread has
 * been told was committed, or more. Reads run on the calling thread, so keep them to a page.
 */
export function openSqliteReader(file: string): SqliteReader {
  const connection = connect(file);
  connection.pragma('query_only = ON');
  // Only the end of a checkpoint ever makes a reader wait.
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
 * Requests that go on in step read one right behind the other, and taking and leaving the file's lock is two thirds of a
 * short read. So from the second on they share it, and what they see, until the first microtask queued behind them:
 * news of a commit comes with a message from another thread, and none is heard before.
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
    // Left open, it would show the past for ever.
    if (this.#failure) throw this.#failure;
    this.#reads += 1;
    if (this.#reads === 1) queueMicrotask(() => this.leave());
    if (this.#reads === 2) this.#begin.run();
    return work();
  }

  leave(): void {
    try {
      // SQLite itself may have left it behind a read that failed.
      if (this.#reads > 1 && this.connection.inTransaction) this.#end.run();
    } catch (error) {
      this.#failure = new Error('A snapshot could not be left', { cause: error });
    } finally {
      this.#reads = 0;
    }
  }
}
