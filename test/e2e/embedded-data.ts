import type { LoggedEvent, StoredData } from './running-server';
import { Intruder } from './stored-data';

/** The data in the SQLite files of the one process. */
export class EmbeddedData implements StoredData {
  readonly #files: Intruder;

  constructor(dataDir: string) {
    this.#files = new Intruder(dataDir);
  }

  async events(types: readonly string[]): Promise<LoggedEvent[]> {
    const sql = `SELECT stream, type, data, metadata FROM events WHERE type IN (${types.map(() => '?').join()}) ORDER BY position`;
    const rows = this.#files.query('events.db', sql, ...types) as Record<keyof LoggedEvent, string>[];
    return rows.map(({ stream, type, data, metadata }) => ({
      stream,
      type,
      data: JSON.parse(data) as LoggedEvent['data'],
      metadata: JSON.parse(metadata) as LoggedEvent['metadata'],
    }));
  }

  async wrappedKey(id: string): Promise<Buffer> {
    const [row] = this.#files.query('keys.db', 'SELECT wrapped FROM keys WHERE id = ?', id);
    return Buffer.from((row as { wrapped: ArrayBuffer }).wrapped);
  }

  async collection(service: string, name: string): Promise<string> {
    return JSON.stringify(this.#files.query(`${service}.db`, `SELECT * FROM c_${name}`));
  }

  async setField(place: { service: string; collection: string }, field: string, text: string): Promise<void> {
    const sql = `UPDATE c_${place.collection} SET _doc = json_set(_doc, ?, ?)`;
    this.#files.query(`${place.service}.db`, sql, `$.${field}`, text);
  }
}
