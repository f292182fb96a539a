import { write, writeSync } from 'node:fs';

/** When the reader stalls, lines beyond this many characters are lost: better than the memory, or the service. */
const MAX_WAITING = 16 * 1024 * 1024;
const RETRY_MS = 20;
const FLUSH_MS_MAX = 1_000;

/**
 * Writes lines to a file descriptor in the background: what arrives during one write goes out with the next.
 * Whatever cannot be written, a full disk for one, is dropped; it neither throws nor keeps the process.
 * (pino's own destination retries for ever when such a process wants to exit.)
 */
export class FdDestination {
  #waiting = '';
  #busy = false;
  /** A chunk that the kernel would not take yet. */
  #refused: Buffer = Buffer.alloc(0);

  constructor(private readonly fd: number) {
    process.once('exit', () => this.flush());
  }

  write(line: string): void {
    if (this.#waiting.length + line.length > MAX_WAITING) return;
    this.#waiting += line;
    if (!this.#busy) this.#writeNext(Buffer.alloc(0));
  }

  /** Writes what waits, for at most a second. A chunk under way is finished by Node itself when it exits. */
  flush(): void {
    let rest = Buffer.concat([this.#refused, Buffer.from(this.#waiting)]);
    this.#refused = Buffer.alloc(0);
    this.#waiting = '';
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

  #writeNext(rest: Buffer): void {
    const chunk = rest.length > 0 ? rest : Buffer.from(this.#waiting);
    if (rest.length === 0) this.#waiting = '';
    this.#busy = chunk.length > 0;
    if (!this.#busy) return;
    write(this.fd, chunk, (error, written) => {
      if (!isBusy(error)) {
        this.#writeNext(chunk.subarray(error ? chunk.length : written));
        return;
      }
      this.#refused = chunk;
      setTimeout(() => {
        const refused = this.#refused;
        this.#refused = Buffer.alloc(0);
        this.#writeNext(refused);
      }, RETRY_MS);
    });
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EAGAIN';
}
