import { connect, type Connection } from './sqlite-connection';

export type SqliteReader = Pick<Connection, 'prepare' | 'close'>;

/**
 * A connection that can only read; open the writer first, it makes the file. Each read sees what was
 * committed when it began. Reads run on the calling thread, so keep them to a page.
 */
export function openSqliteReader(file: string): SqliteReader {
  const connection = connect(file);
  connection.pragma('query_only = ON');
  // Only the end of a checkpoint ever makes a reader wait.
  connection.pragma('busy_timeout = 1000');
  return connection;
}
