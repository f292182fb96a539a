import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parentPort } from 'node:worker_threads';
import { packed } from './packed';
import { connect, type Connection } from './sqlite-connection';
import type { Jobs, WriterOptions } from './sqlite-writer';
import type { WorkerFailure, WorkerReply, WorkerRequest } from './worker-messages';

interface OpenFile {
  readonly connection: Connection;
  /** True when the connection is set to flush each commit. */
  flushes: boolean;
  /** Undefined after a failed transaction, because the jobs may remember in memory what was rolled back. */
  jobs: Jobs | undefined;
  /**
   * True after a failure, until a write has succeeded. On a full disk a commit without a write succeeds, and a health
   * check must not take that for a working store.
   */
  isDoubtful: boolean;
}

const load = createRequire(__filename);
const files = new Map<string, OpenFile>();

parentPort?.on('message', (request: WorkerRequest) => {
  const reply = answer(request);
  parentPort?.postMessage(reply);
  // Ended here, between two jobs: the driver aborts the whole process when its thread is ended in the middle of a call.
  if (reply.failure?.isLast) process.exit();
});

function answer(request: WorkerRequest): WorkerReply {
  try {
    return { id: request.id, results: perform(request) };
  } catch (error) {
    return { id: request.id, failure: describe(error) };
  }
}

function perform({ options, action }: WorkerRequest): readonly unknown[] {
  if (action.kind === 'close') return close(options.file);
  const file = files.get(options.file) ?? open(options, action.kind === 'open');
  file.jobs ??= setUp(options, file.connection);
  if (action.kind === 'commit') {
    const mayWait = action.jobs.every(([name]) => options.unflushed?.includes(name));
    setFlushing(file, file.isDoubtful || !mayWait);
    return commit(file, file.jobs, action.jobs);
  }
  if (action.kind === 'rewrite') file.connection.exec('VACUUM');
  if (action.kind !== 'open') truncateWal(file.connection);
  return [];
}

function open(options: WriterOptions, check: boolean): OpenFile {
  const connection = connect(options.file);
  try {
    // A backup or another reader may hold the file for a moment, so wait instead of failing.
    connection.pragma('busy_timeout = 1000');
    connection.pragma('journal_mode = WAL');
    connection.pragma('synchronous = FULL');
    if (options.secureDelete) connection.pragma('secure_delete = ON');
    if (check) assertSound(options.file, connection);
    // A file that is opened again may be in the state that a failed write has left.
    const file: OpenFile = {
      connection,
      flushes: true,
      jobs: setUp(options, connection),
      isDoubtful: !check,
    };
    files.set(options.file, file);
    return file;
  } catch (error) {
    connection.close();
    throw error;
  }
}

function setUp(options: WriterOptions, connection: Connection): Jobs {
  return (load(options.jobs) as { setup: (db: Connection) => Jobs }).setup(connection);
}

/** quick_check reads the whole file: 0.7 s per GiB in the page cache. A larger file is trusted until a read fails. */
const CHECKED_BYTES_MAX = 512 * 1024 * 1024;

function assertSound(file: string, connection: Connection): void {
  if (statSync(file).size > CHECKED_BYTES_MAX) return;
  const complaint = connection.pragma('quick_check(1)');
  if (complaint !== 'ok') throw Object.assign(new Error(String(complaint)), { code: 'SQLITE_CORRUPT' });
}

/** With NORMAL a commit goes to the write-ahead log, in order, and the operating system flushes it later. */
function setFlushing(file: OpenFile, flushes: boolean): void {
  if (file.flushes === flushes) return;
  file.connection.pragma(`synchronous = ${flushes ? 'FULL' : 'NORMAL'}`);
  file.flushes = flushes;
}

function commit(
  file: OpenFile,
  jobs: Jobs,
  batch: readonly (readonly [name: string, argument: unknown])[],
): readonly unknown[] {
  try {
    file.connection.exec('BEGIN IMMEDIATE');
    if (file.isDoubtful) writeSomething(file.connection);
    const results = packed(batch, ([name, argument]) => {
      const job = jobs[name];
      if (!job) throw new Error(`No job is called ${name}`);
      return job(argument as never);
    });
    file.connection.exec('COMMIT');
    file.isDoubtful = false;
    return results;
  } catch (error) {
    file.jobs = undefined;
    file.isDoubtful = true;
    // SQLite itself has rolled back when it could not go on, as on a full disk.
    if (file.connection.inTransaction) file.connection.exec('ROLLBACK');
    throw error;
  }
}

/** Writes one page without a change. `user_version` is free for applications, and we do not use it. */
function writeSomething(connection: Connection): void {
  connection.pragma('user_version = 0');
}

function truncateWal(connection: Connection): void {
  // 0 means that the log is empty and all is in the database file; 1 means that a reader still uses the log.
  if (connection.pragma('wal_checkpoint(TRUNCATE)') !== 0)
    throw new Error('A reader keeps the log from being truncated');
}

function close(path: string): readonly unknown[] {
  const file = files.get(path);
  files.delete(path);
  // Leaves everything in one file. If that fails, the next start replays the log as after a crash.
  file?.connection.pragma('wal_checkpoint(TRUNCATE)');
  file?.connection.close();
  return [];
}

function describe(error: unknown): WorkerFailure {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const sqliteCode = typeof code === 'string' ? code : undefined;
  return {
    sqliteCode,
    message: error instanceof Error ? error.message : String(error),
    // After a failed write or flush the state of the open files is unknown. Only the end of the thread closes them for
    // certain, because the driver leaves closing to the garbage collector.
    isLast: sqliteCode?.startsWith('SQLITE_IOERR') === true,
  };
}
