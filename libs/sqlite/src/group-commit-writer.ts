import { withDeadline } from '#libs/kernel';
import { packed } from './packed';
import type { Jobs, SqliteWriter, WriterOptions } from './sqlite-writer';
import { unavailable, type WriterThread } from './writer-thread';

interface WaitingJob {
  readonly call: readonly [name: string, argument: unknown];
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Jobs in one transaction at most. Their work then takes about as long as a few flushes. */
const BATCH_JOBS_MAX = 512;
const WAITING_JOBS_MAX = 10_000;
const BATCH_TIMEOUT_MS = 10_000;
/** Rewriting a gigabyte takes some seconds. */
const REWRITE_TIMEOUT_MS = 60_000;

/** The main thread's side of one file. It gathers jobs while the last batch is being flushed. */
export class GroupCommitWriter<J extends Jobs> implements SqliteWriter<J> {
  readonly #waiting: WaitingJob[] = [];
  #flushing: Promise<void> | undefined;
  #stuck = false;
  #closed = false;

  constructor(
    private readonly thread: WriterThread,
    private readonly options: WriterOptions,
    private readonly release: () => Promise<void>,
  ) {}

  run<K extends keyof J>(job: K, argument: Parameters<J[K]>[0]): Promise<ReturnType<J[K]>> {
    const refusal = this.#refusal();
    if (refusal) return Promise.reject(unavailable(new Error(refusal)));
    return new Promise((resolve, reject) => {
      const call = [String(job), argument] as const;
      this.#waiting.push({ call, resolve: resolve as WaitingJob['resolve'], reject });
      this.#flushing ??= this.#flush();
    });
  }

  async truncateWal(): Promise<void> {
    await this.#maintain('truncate wal', BATCH_TIMEOUT_MS);
  }

  async rewrite(): Promise<void> {
    await this.#maintain('rewrite', REWRITE_TIMEOUT_MS);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    // A failure here loses nothing, because the next start opens the files as after a crash.
    await withDeadline(this.#finish(), BATCH_TIMEOUT_MS, 'STORE_UNAVAILABLE').catch(() => undefined);
  }

  async #finish(): Promise<void> {
    try {
      await this.#flushing;
      await this.thread.call({ options: this.options, action: { kind: 'close' } });
    } finally {
      await this.release();
    }
  }

  async #maintain(kind: 'truncate wal' | 'rewrite', timeoutMs: number): Promise<void> {
    const refusal = this.#refusal();
    if (refusal) throw unavailable(new Error(refusal));
    const done = this.thread.call({ options: this.options, action: { kind } });
    await withDeadline(done, timeoutMs, 'STORE_UNAVAILABLE');
  }

  #refusal(): string | undefined {
    if (this.#closed) return 'The store was closed';
    if (this.#stuck) return 'The disk has not answered the last batch yet';
    return this.#waiting.length >= WAITING_JOBS_MAX ? 'Too many jobs wait' : undefined;
  }

  async #flush(): Promise<void> {
    // The other jobs of this turn of the event loop join the batch.
    await new Promise((resume) => setImmediate(resume));
    while (this.#waiting.length > 0) await this.#commit(this.#waiting.splice(0, BATCH_JOBS_MAX));
    this.#flushing = undefined;
  }

  async #commit(batch: readonly WaitingJob[]): Promise<void> {
    const jobs = packed(batch, ({ call }) => call);
    const answered = this.thread.call({ options: this.options, action: { kind: 'commit', jobs } }).then(
      (results) => batch.forEach(({ resolve }, index) => resolve(results[index])),
      (error: unknown) => batch.forEach(({ reject }) => reject(error)),
    );
    await withDeadline(answered, BATCH_TIMEOUT_MS, 'STORE_UNAVAILABLE').catch(() => this.#giveUp(batch));
    await answered;
    this.#stuck = false;
  }

  /** Keeps jobs from queueing up behind a disk that does not answer. When it answers, jobs are accepted again. */
  #giveUp(batch: readonly WaitingJob[]): void {
    this.#stuck = true;
    const error = unavailable(new Error('The disk does not answer'));
    for (const { reject } of [...batch, ...this.#waiting.splice(0)]) reject(error);
  }
}
