import { openSqliteWriter } from './open-sqlite-writer';
import { openSqliteReader, type SqliteReader } from './sqlite-reader';
import type { Jobs, SqliteWriter, WriterOptions } from './sqlite-writer';

/**
 * Opens a file as `openSqliteWriter` does, and a reader beside the writer, and gives what `use` makes of the two. `use`
 * takes over closing them. When it fails they are closed here, because their lock would keep out the next attempt.
 * Fails as each of the three does.
 */
export async function openSqliteFile<J extends Jobs, T>(
  options: WriterOptions,
  use: (writer: SqliteWriter<J>, reader: SqliteReader) => T | Promise<T>,
): Promise<T> {
  const writer = await openSqliteWriter<J>(options);
  let reader: SqliteReader | undefined;
  try {
    reader = openSqliteReader(options.file);
    return await use(writer, reader);
  } catch (error) {
    reader?.close();
    await writer.close();
    throw error;
  }
}
