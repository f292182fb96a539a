import type { Sink } from './compare';

const PAGE_ROWS = 500;
/** Concurrent writes: enough to share flushes and round trips, but too few for one to wait long in a queue. */
const WRITES_AT_ONCE = 64;

/** Gives all rows, read page by page. `list` gives the rows whose ids come after `afterId`, ordered by id. */
export async function* rowsOf<T>(
  idOf: (row: T) => string,
  list: (page: { afterId: string; limit: number }) => Promise<T[]>,
): AsyncGenerator<T> {
  let afterId = '';
  for (;;) {
    const rows = await list({ afterId, limit: PAGE_ROWS });
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < PAGE_ROWS) return;
    afterId = idOf(last);
  }
}

/** Orders ids by their UTF-8 bytes, as every engine does. JavaScript's `<` differs for characters above U+FFFF. */
export function byBytes(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Writes rows concurrently. So no row may depend on another. */
export class RowSink<T> implements Sink<T> {
  #rows: T[] = [];

  constructor(private readonly write: (row: T) => Promise<unknown>) {}

  async take(row: T): Promise<void> {
    this.#rows.push(row);
    if (this.#rows.length >= WRITES_AT_ONCE) await this.end();
  }

  async end(): Promise<void> {
    const rows = this.#rows;
    this.#rows = [];
    await Promise.all(rows.map((row) => this.write(row)));
  }
}
