import { closeSync, fdatasyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { StoredEvent } from './stored-event';

/** A file with one event per line. Acknowledged events survive a SIGKILL. */
export class Journal {
  readonly #file: number;
  #unflushed: (() => void)[] = [];

  constructor(private readonly path: string) {
    this.#file = openSync(path, 'a+', 0o600);
  }

  /** Reads all events, and cuts off a last line that a kill has left incomplete. */
  load(): StoredEvent[] {
    const content = readFileSync(this.path, 'utf8');
    const whole = content.slice(0, content.lastIndexOf('\n') + 1);
    ftruncateSync(this.#file, Buffer.byteLength(whole));
    return whole.split('\n').filter(Boolean).map(parse);
  }

  write(event: StoredEvent): void {
    const { data, metadata, ...rest } = event;
    const bytes = {
      data: Buffer.from(data).toString('base64'),
      metadata: Buffer.from(metadata).toString('base64'),
    };
    writeSync(this.#file, `${JSON.stringify({ ...rest, ...bytes })}\n`);
  }

  /** Calls back when everything written so far is on disk. Appends of one turn of the event loop share a flush. */
  flushed(callback: () => void): void {
    this.#unflushed.push(callback);
    if (this.#unflushed.length > 1) return;
    setImmediate(() => this.#flush());
  }

  close(): void {
    this.#flush();
    closeSync(this.#file);
  }

  #flush(): void {
    if (this.#unflushed.length === 0) return;
    const callbacks = this.#unflushed;
    this.#unflushed = [];
    fdatasyncSync(this.#file);
    for (const settle of callbacks) settle();
  }
}

function parse(line: string): StoredEvent {
  const event = JSON.parse(line) as Omit<StoredEvent, 'data' | 'metadata'> & {
    data: string;
    metadata: string;
  };
  return {
    ...event,
    data: Buffer.from(event.data, 'base64'),
    metadata: Buffer.from(event.metadata, 'base64'),
  };
}
