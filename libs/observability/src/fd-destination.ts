import { write, writeSync } from 'node:fs';

const MAX_WAITING = 16 * 1024 * 1024;
const RETRY_MS = 20;
/**
 * Lines that arrive within this time are written together, because one write for each would cost more than the lines
 * themselves.
 */
const GATHER_MS = 20;
const FLUSH_MS_MAX = 1_000;
const NOTHING = Buffer.alloc(0);

/**
 * Writes lines to a file descriptor in the background. Lines that arrive during one write go out with the next. Lines
 * that cannot be written, for example to a full disk, are dropped. It neither throws nor keeps the process alive.
 * (pino's own destination retries for ever when such a process wants to exit.)
 */
export class FdDestination {
  #waiting = '';
  /** Taken out of `#waiting`, and to be written next. */
  #chunk: Buffer = NOTHING;
  #busy = false;

  /**
   * When the reader stalls, lines beyond `maxWaiting` characters are dropped, because memory and the service matter
   * more.
   */
  constructor(
    private readonly fd: number,
    private readonly maxWaiting = MAX_WAITING,
  ) {
    process.once('exit', () => this.#flush());
  }

  write(line: string): void {
    if (this.#waiting.length + line.length > this.maxWaiting) return;
    this.#waiting += line;
    if (this.#busy) return;
    this.#busy = true;
    this.#writeAfter(GATHER_MS);
  }

  #writeAfter(ms: number): void {
    setTimeout(() => this.#writeNext(), ms).unref();
  }

  #writeNext(): void {
    const chunk = this.#chunk.length > 0 ? this.#chunk : this.#takeWaiting();
    this.#busy = chunk.length > 0;
    if (!this.#busy) return;
    this.#chunk = NOTHING;
    write(this.fd, chunk, (error, written) => {
      if (isBusy(error)) {
        this.#chunk = chunk;
        return this.#writeAfter(RETRY_MS);
      }
      this.#chunk = error ? NOTHING : chunk.subarray(written);
      this.#writeAfter(this.#chunk.length > 0 ? 0 : GATHER_MS);
    });
  }

  /** Writes what is left at exit. Node itself finishes a write that has begun. */
  #flush(): void {
    let rest = Buffer.concat([this.#chunk, this.#takeWaiting()]);
    const giveUpAt = Date.now() + FLUSH_MS_MAX;
    while (rest.length > 0 && Date.now() < giveUpAt) {
      try {
        rest = rest.subarray(writeSync(this.fd, rest));
      } catch (error) {
        if (!isBusy(error)) return;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
      }
    }
  }

  #takeWaiting(): Buffer {
    const waiting = Buffer.from(this.#waiting);
    this.#waiting = '';
    return waiting;
  }
}

function isBusy(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === 'EAGAIN';
}
