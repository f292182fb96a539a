import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteWriter } from './open-sqlite-writer';
import { connect } from './sqlite-connection';
import { openSqliteReader } from './sqlite-reader';
import type { SqliteWriter, WriterOptions } from './sqlite-writer';

type TestJobs = {
  add(text: string): { row: number; batch: number; remembered: number };
  fail(text: string): never;
  remove(text: string): number;
  pagesMax(count: number): void;
  crash(): void;
  ioError(): never;
  hold(gate: Int32Array): void;
  flushing(): 'FULL' | 'NORMAL';
};

// `batch` counts transactions: a microtask runs only after the worker has handled a whole message.
const JOBS = `exports.setup = (db) => {
  db.exec('CREATE TABLE IF NOT EXISTS lines(id INTEGER PRIMARY KEY, text TEXT NOT NULL)');
  const insert = db.prepare('INSERT INTO lines(text) VALUES (?)');
  let remembered = 0;
  const batch = () => {
    if (!globalThis.inBatch) queueMicrotask(() => (globalThis.inBatch = false));
    if (!globalThis.inBatch) globalThis.batch = (globalThis.batch ?? 0) + 1;
    globalThis.inBatch = true;
    return globalThis.batch;
  };
  return {
    add: (text) => ({ row: insert.run(text).lastInsertRowid, batch: batch(), remembered: ++remembered }),
    fail(text) { insert.run(text); remembered += 1000; throw new Error('a job went wrong'); },
    remove: (text) => db.prepare('DELETE FROM lines WHERE text = ?').run(text).changes,
    pagesMax: (count) => void db.pragma('max_page_count = ' + count),
    crash: () => process.exit(7),
    ioError() { throw Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_FSYNC' }); },
    hold: (gate) => void Atomics.wait(gate, 0, 0),
    flushing: () => ['OFF', 'NORMAL', 'FULL'][db.pragma('synchronous')],
  };
};`;

describe('openSqliteWriter', () => {
  let directory: string;
  let options: WriterOptions;
  let writer: SqliteWriter<TestJobs> | undefined;

  const open = async (change: Partial<WriterOptions> = {}) =>
    (writer = await openSqliteWriter<TestJobs>({ ...options, ...change }));
  const lines = () => {
    const reader = openSqliteReader(options.file);
    const rows = reader.prepare<[string]>('SELECT text FROM lines ORDER BY id').all();
    reader.close();
    return rows.map(([text]) => text);
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'sqlite-'));
    writeFileSync(join(directory, 'test.jobs.js'), JOBS);
    options = {
      file: join(directory, 'test.sqlite'),
      jobs: join(directory, 'test.jobs.js'),
      thread: 'state',
    };
  });

  afterEach(async () => {
    await writer?.close();
    writer = undefined;
    rmSync(directory, { recursive: true });
  });

  it('commits the jobs of one turn together, and those that queue up meanwhile in the next batch', async () => {
    const { run } = bound(await open());
    const first = Array.from({ length: 100 }, (_, n) => run('add', `first ${n}`));
    await new Promise(setImmediate);
    const second = Array.from({ length: 100 }, (_, n) => run('add', `second ${n}`));

    const batches = (await Promise.all([...first, ...second])).map(({ batch }) => batch);

    expect(new Set(batches.slice(0, 100)).size).toBe(1);
    expect(new Set(batches.slice(100)).size).toBe(1);
    expect(batches[199]).toBe((batches[0] ?? 0) + 1);
  });

  it('runs jobs in the order of the calls and gives each caller its own result', async () => {
    const { run } = bound(await open());
    const results = await Promise.all(Array.from({ length: 1500 }, (_, n) => run('add', `line ${n}`)));
    expect(results.map(({ row }) => row)).toEqual(results.map((_, n) => n + 1));
    expect(lines()).toEqual(results.map((_, n) => `line ${n}`));
  });

  it('flushes each commit but those of jobs alone that may come undone, and after a failure those, too', async () => {
    const other = await openSqliteWriter<TestJobs>({ ...options, file: join(directory, 'other.sqlite') });
    expect(await other.run('flushing', undefined)).toBe('FULL');
    await other.close();
    const { run } = bound(await open({ unflushed: ['flushing'] }));
    const withAnother = async () => (await Promise.all([run('flushing', undefined), run('add', 'x')]))[0];
    expect(await run('flushing', undefined)).toBe('NORMAL');
    expect(await withAnother()).toBe('FULL');
    expect(await run('flushing', undefined)).toBe('NORMAL');
    await run('fail', 'x').catch(() => undefined);
    expect(await run('flushing', undefined)).toBe('FULL');
    expect(await run('flushing', undefined)).toBe('NORMAL');
  });

  it('writes nothing of a batch in which a job fails, and goes on with the next', async () => {
    const { run } = bound(await open());
    await run('add', 'kept');

    const outcomes = await Promise.allSettled([
      run('add', 'with it'),
      run('fail', 'itself'),
      run('add', 'after it'),
    ]);

    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        reason: { code: 'STORE_UNAVAILABLE', cause: { message: 'a job went wrong' } },
      });
    }
    // What the jobs remembered of the failed batch is gone, too.
    expect(await run('add', 'next')).toMatchObject({ row: 2, remembered: 1 });
    expect(lines()).toEqual(['kept', 'next']);
  });

  it('fails while the disk is full, acknowledges nothing falsely, and serves when there is space again', async () => {
    const { run } = bound(await open());
    await run('pagesMax', 10);
    const acknowledged: string[] = [];
    let failure: unknown;
    while (!failure) {
      const text = `${acknowledged.length} ${'x'.repeat(1000)}`;
      failure = await run('add', text).then(
        () => void acknowledged.push(text),
        (error: unknown) => error,
      );
    }
    expect(failure).toMatchObject({ code: 'STORE_UNAVAILABLE', cause: { code: 'SQLITE_FULL' } });
    expect(lines()).toEqual(acknowledged);

    await run('pagesMax', 1000);
    await run('add', 'space');
    expect(lines()).toEqual([...acknowledged, 'space']);
  });

  it('takes no job that has nothing to write for a sign that the disk takes writes again', async () => {
    const { run } = bound(await open());
    await run('add', 'before');
    const written = () => readFileSync(`${options.file}-wal`);
    for (const failing of ['fail', 'ioError', 'crash'] as const) {
      const before = written();
      expect(await run('remove', 'nothing')).toBe(0);
      expect(written().equals(before)).toBe(true);
      await expect(run(failing, undefined as never)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      expect(await run('remove', 'nothing')).toBe(0);
      expect(written().equals(before)).toBe(false);
    }
    expect(lines()).toEqual(['before']);
  });

  it('refuses at once what would not fit into the queue', async () => {
    const { run } = bound(await open());
    const accepted = Array.from({ length: 10_000 }, () => run('add', 'x'));
    await expect(run('add', 'one too many')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect((await Promise.all(accepted)).at(-1)).toMatchObject({ row: 10_000 });
  });

  it('rejects everything in flight when its thread dies, and starts another', async () => {
    const { run } = bound(await open());
    await run('add', 'before');
    await expect(run('crash', undefined)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await run('add', 'after')).toMatchObject({ row: 2 });
  });

  it('goes on with a new thread, and the files opened anew, after a failed flush', async () => {
    const { run } = bound(await open());
    await run('add', 'before');
    const failure = { code: 'STORE_UNAVAILABLE', cause: { code: 'SQLITE_IOERR_FSYNC' } };
    await expect(run('ioError', undefined)).rejects.toMatchObject(failure);
    // What the thread knew is gone: it counts its batches from 1 again.
    expect(await run('add', 'after')).toMatchObject({ row: 2, batch: 1 });
  });

  it('lets nobody wait for a disk that does not answer, and serves when it does', async () => {
    const { run } = bound(await open());
    const gate = new Int32Array(new SharedArrayBuffer(4));
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    try {
      const held = expect(run('hold', gate)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      await new Promise(setImmediate);
      const behind = expect(run('add', 'behind')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      await jest.advanceTimersByTimeAsync(10_000);
      await Promise.all([held, behind]);
      await expect(run('add', 'refused at once')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    } finally {
      jest.useRealTimers();
    }
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
    const retry = (): Promise<unknown> =>
      run('add', 'served').catch(() => new Promise(setImmediate).then(retry));
    await retry();
    expect(lines()).toEqual(['served']);
  });

  it('takes the answer of a disk that came while this process was held up for longer than it may take', async () => {
    const { run } = bound(await open());
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask', 'performance'] });
    try {
      const written = expect(run('add', 'held up')).resolves.toMatchObject({ row: 1 });
      await new Promise(setImmediate);
      for (const until = performance.now() + 200; performance.now() < until;);
      jest.advanceTimersByTime(10_000);
      await written;
    } finally {
      jest.useRealTimers();
    }
  });

  it('empties the log beside the file on demand, so that deleted bytes are in neither', async () => {
    const { run } = bound(await open({ secureDelete: true }));
    await run('add', 'the canary');
    expect(readFileSync(`${options.file}-wal`).includes('the canary')).toBe(true);
    await run('remove', 'the canary');

    await writer?.truncateWal();

    expect(statSync(`${options.file}-wal`).size).toBe(0);
    expect(readFileSync(options.file).includes('the canary')).toBe(false);
  });

  it('finishes what was called before it closes, and refuses what comes after', async () => {
    const { run } = bound(await open());
    const last = run('add', 'last');
    await writer?.close();
    await expect(last).resolves.toMatchObject({ row: 1 });
    await expect(run('add', 'too late')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(lines()).toEqual(['last']);
  });

  it('leaves the jobs of the writers that share its thread alone when it is closed', async () => {
    const other = await openSqliteWriter<TestJobs>({ ...options, file: join(directory, 'other.sqlite') });
    const { run } = bound(await open());
    const closing = other.close();
    for (let row = 1; row <= 20; row += 1) expect(await run('add', 'still here')).toMatchObject({ row });
    await closing;
  });

  it('says so when a reader keeps the log from being emptied', async () => {
    const { run } = bound(await open());
    await run('add', 'read');
    const reader = connect(options.file);
    reader.exec('BEGIN');
    reader.prepare('SELECT * FROM lines').all();
    await run('add', 'behind it');
    await expect(writer?.truncateWal()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    reader.close();
    await writer?.truncateWal();
    expect(readFileSync(`${options.file}-wal`)).toHaveLength(0);
  });

  it('makes files for its owner alone, and takes from others what an earlier version gave them', async () => {
    const files = ['', '-wal', '-shm', '.lock'].map((suffix) => options.file + suffix);
    const modes = () => files.map((file) => (statSync(file).mode & 0o777).toString(8));
    const { run } = bound(await open());
    await run('add', 'mine');
    expect(modes()).toEqual(['600', '600', '600', '600']);

    copyFileSync(options.file, join(directory, 'killed.sqlite'));
    copyFileSync(`${options.file}-wal`, join(directory, 'killed.sqlite-wal'));
    await writer?.close();
    options = { ...options, file: join(directory, 'killed.sqlite') };
    for (const suffix of ['', '-wal']) chmodSync(options.file + suffix, 0o644);
    await open();
    expect(lines()).toEqual(['mine']);
    const left = ['', '-wal'].map((suffix) => (statSync(options.file + suffix).mode & 0o777).toString(8));
    expect(left).toEqual(['600', '600']);
    await expect(openSqliteWriter(options)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
  });

  it('refuses a second writer, of this process or another, until the first is gone, even by kill -9', async () => {
    const child = spawn(process.execPath, ['-e', HOLDER], {
      env: { ...process.env, OPTIONS: JSON.stringify(options) },
    });
    await once(child.stdout, 'data');

    const refusal = await open().catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      code: 'STORE_LOCKED',
      safeMessage: expect.stringContaining(options.file) as unknown,
    });

    child.kill('SIGKILL');
    await once(child, 'exit');
    await open();
    expect(lines()).toEqual(['from the child']);
    await expect(openSqliteWriter(options)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
  });

  it('names a file that is no database', async () => {
    writeFileSync(options.file, 'These are notes about birds. '.repeat(200));
    await expect(open()).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
      safeMessage: expect.stringContaining(`${options.file} is damaged: file is not a database`) as unknown,
    });
  });

  it('names a database with a damaged page, and the place', async () => {
    const { run } = bound(await open());
    await Promise.all(Array.from({ length: 200 }, () => run('add', 'x'.repeat(500))));
    await writer?.close();
    const file = openSync(options.file, 'r+');
    writeSync(file, Buffer.alloc(4096, 0xa5), 0, 4096, 5 * 4096);
    closeSync(file);

    await expect(open()).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
      safeMessage: expect.stringMatching(/test\.sqlite is damaged: .*page 6/) as unknown,
    });
  });

  it('says so when the directory is missing', async () => {
    const file = join(directory, 'nowhere', 'test.sqlite');
    await expect(open({ file })).rejects.toMatchObject({
      code: 'DATA_DIR_UNUSABLE',
      safeMessage: `${file} cannot be opened: the folder ${join(directory, 'nowhere')} does not exist, or cannot be read by this user.`,
    });
  });
});

const bound = (writer: SqliteWriter<TestJobs>) => ({ run: writer.run.bind(writer) });

const HOLDER = `require('#libs/sqlite')
  .openSqliteFile(JSON.parse(process.env.OPTIONS), (writer) => writer.run('add', 'from the child'))
  .then(() => process.stdout.write('ready'));`;
