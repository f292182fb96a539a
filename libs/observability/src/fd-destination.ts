import { write, writeSync } from 'node:fs';

const MAX_WAITING = 16 * 1024 * 1024;
const RETRY_MS = 20;
/** Lines that arrive within this time go out together: a write for each would cost more than the lines. */
const GATHER_MS = 20;
const FLUSH_MS_MAX = 1_000;
const NOTHING = Buffer.alloc(0);

/**
 * Writes lines to a file descriptor in the background: what arrives during one write goes out with the next.
 * Whatever cannot be written, a full disk for one, is dropped; it neither throws nor keeps the process.
 * (pino's own destination retries for ever when such a process wants to exit.)
 */
export class FdDestination {
  #waiting = '';
  /** Taken from what waits, and not in the kernel's hands at the moment. */
  #chunk: Buffer = NOTHING;
  #busy = false;

  /** When the reader stalls, lines beyond `maxWaiting` characters are lost: better than the memory, or the service. */
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

  /** What is in the kernel's hands by then is finished by Node itself. */
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
