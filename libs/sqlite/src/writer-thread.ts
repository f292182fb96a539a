import { Worker } from 'node:worker_threads';
import { AppError } from '#libs/kernel';
import type { WorkerReply, WorkerRequest } from './worker-messages';

interface Waiting {
  readonly resolve: (results: readonly unknown[]) => void;
  readonly reject: (error: AppError) => void;
}

// A worker holds only a batch and its statements. Without a limit V8 lets garbage grow.
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 8 };

/** A worker thread. It is started when it is first needed, and again after it ended. */
export class WriterThread {
  #worker: Worker | undefined;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  /** Fails with STORE_UNAVAILABLE, whose cause carries SQLite's name of the error in `code`. */
  call(request: Omit<WorkerRequest, 'id'>): Promise<readonly unknown[]> {
    const id = ++this.#lastId;
    const worker = (this.#worker ??= this.#start());
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      worker.postMessage({ ...request, id });
    });
  }

  async stop(): Promise<void> {
    const worker = this.#worker;
    this.#retire(new Error('The store was closed'));
    await worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(require.resolve('./sqlite-writer.worker'), { resourceLimits: RESOURCE_LIMITS });
    const lost = (cause: unknown) => {
      if (this.#worker === worker) this.#retire(cause);
    };
    worker.on('message', (reply: WorkerReply) => this.#settle(reply));
    worker.on('error', lost);
    worker.on('exit', (code) => lost(new Error(`The writer thread ended with code ${code}`)));
    return worker;
  }

  #settle({ id, results, failure }: WorkerReply): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (!failure) return waiting?.resolve(results ?? []);
    const cause = Object.assign(new Error(failure.message), { code: failure.sqliteCode });
    waiting?.reject(unavailable(cause));
    if (failure.isLast) this.#retire(cause);
  }

  #retire(cause: unknown): void {
    this.#worker = undefined;
    for (const { reject } of this.#waiting.values()) reject(unavailable(cause));
    this.#waiting.clear();
  }
}

/** The only error of a running store. */
export function unavailable(cause: unknown): AppError {
  return new AppError('STORE_UNAVAILABLE', { cause });
}

const threads = new Map<string, { thread: WriterThread; users: number }>();

/** Gives the process's thread of this name. `release` stops the thread when it has no other user. */
export function shareThread(name: string): { thread: WriterThread; release: () => Promise<void> } {
  const shared = threads.get(name) ?? { thread: new WriterThread(), users: 0 };
  threads.set(name, shared);
  shared.users += 1;
  return {
    thread: shared.thread,
    async release() {
      shared.users -= 1;
      if (shared.users > 0) return;
      threads.delete(name);
      await shared.thread.stop();
    },
  };
}
