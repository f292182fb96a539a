import { withDeadline } from '#libs/kernel';
import { lockFile } from './file-lock';
import { GroupCommitWriter } from './group-commit-writer';
import { keepPrivate } from './private-file';
import type { Jobs, SqliteWriter, WriterOptions } from './sqlite-writer';
import { startError } from './start-error';
import { shareThread } from './writer-thread';

/** After a crash SQLite may have to replay a long write-ahead log into a large file. */
const OPEN_TIMEOUT_MS = 60_000;

/**
 * Opens a file for writing and runs the `setup` of its jobs. A missing file is created, for its owner only. This
 * process is then its only writer. Fails with STORE_LOCKED, STORE_CORRUPT or DATA_DIR_UNUSABLE, naming the file.
 */
export async function openSqliteWriter<J extends Jobs>(options: WriterOptions): Promise<SqliteWriter<J>> {
  try {
    return await open<J>(options);
  } catch (error) {
    throw startError(options.file, error);
  }
}

async function open<J extends Jobs>(options: WriterOptions): Promise<SqliteWriter<J>> {
  const unlock = lockFile(options.file);
  const { thread, release } = shareThread(options.thread);
  const writer = new GroupCommitWriter<J>(thread, options, () => release().finally(unlock));
  try {
    keepPrivate(options.file);
    const opened = thread.call({ options, action: { kind: 'open' } });
    await withDeadline(opened, OPEN_TIMEOUT_MS, 'STORE_UNAVAILABLE');
    return writer;
  } catch (error) {
    await writer.close();
    throw error;
  }
}
