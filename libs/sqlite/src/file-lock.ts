import { keepPrivate } from './private-file';
import { connect } from './sqlite-connection';

/**
 * Makes this process the only writer of `file` until it calls the returned function or ends in any way. The lock is one
 * of the operating system, taken by an exclusive transaction on an empty database beside the file. No other code may
 * open that database, because closing it drops the lock. Throws SQLITE_BUSY when there is another writer.
 */
export function lockFile(file: string): () => void {
  keepPrivate(`${file}.lock`);
  const connection = connect(`${file}.lock`);
  try {
    connection.exec('BEGIN EXCLUSIVE');
    return () => connection.close();
  } catch (error) {
    connection.close();
    throw error;
  }
}
