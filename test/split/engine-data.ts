import { readFileSync } from 'node:fs';
import path from 'node:path';
import { MongoClient, type Collection } from 'mongodb';
import type { LoggedEvent, StoredData } from '../e2e/running-server';

interface JournalLine {
  readonly id: string;
  readonly stream: string;
  readonly type: string;
  /** JSON in base64, like the metadata. */
  readonly data: string;
  readonly metadata: string;
}

interface Document {
  readonly _id: string;
  readonly wrapped?: { readonly buffer: Uint8Array };
}

/** The data in the journal of the event store and on the MongoDB server, which other rigs may share. */
export class EngineData implements StoredData {
  constructor(
    private readonly dataDir: string,
    private readonly env: Readonly<Record<string, string>>,
  ) {}

  /** The whole log, in order. */
  log(): (LoggedEvent & { readonly id: string })[] {
    const journal = readFileSync(path.join(this.dataDir, 'event-store', 'journal'), 'utf8');
    const lines = journal.slice(0, journal.lastIndexOf('\n') + 1).split('\n');
    return lines.filter(Boolean).map((line) => {
      const { id, stream, type, data, metadata } = JSON.parse(line) as JournalLine;
      return { id, stream, type, data: parsed(data), metadata: parsed(metadata) };
    });
  }

  async events(types: readonly string[]): Promise<LoggedEvent[]> {
    return this.log().filter(({ type }) => types.includes(type));
  }

  async wrappedKey(id: string): Promise<Buffer> {
    const key = await this.#use('-keys', 'keys', (keys) => keys.findOne({ _id: id }));
    return Buffer.from(key?.wrapped?.buffer ?? []);
  }

  async collection(service: string, name: string): Promise<string> {
    return JSON.stringify(
      await this.#use(`-${service}`, name, (rows) => rows.find().sort({ _id: 1 }).toArray()),
    );
  }

  async setField(place: { service: string; collection: string }, field: string, text: string): Promise<void> {
    await this.#use(`-${place.service}`, place.collection, (rows) =>
      rows.updateMany({}, { $set: { [`doc.${field}`]: text } }),
    );
  }

  async #use<T>(
    database: string,
    collection: string,
    work: (rows: Collection<Document>) => Promise<T>,
  ): Promise<T> {
    const url = new URL(this.env['READ_STORE_URL'] ?? '');
    const client = await MongoClient.connect(url.href);
    try {
      return await work(client.db(`${url.pathname.slice(1)}${database}`).collection<Document>(collection));
    } finally {
      await client.close();
    }
  }
}

/** Gives an empty object for an empty text, because the server's own events may have no data or no metadata. */
function parsed(base64: string): Record<string, unknown> {
  const text = Buffer.from(base64, 'base64').toString();
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}
