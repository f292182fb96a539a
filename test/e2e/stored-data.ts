import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import Database from 'libsql';
import { filesBelow } from './canary';

export interface Sealed {
  envelope: string;
  dataKeyId: string;
}

/** Reads and changes the files of a stopped server, as an attacker with access to the disk can. */
export class Intruder {
  constructor(private readonly dataDir: string) {}

  /** Lets `change` alter the sealed values of the named secrets, an array for each secret, oldest version first. */
  tamper(names: readonly string[], change: (...sealed: Sealed[][]) => void): void {
    this.#open('events.db', (db) => {
      const rows = db
        .prepare('SELECT position, data FROM events WHERE data LIKE \'%"sealed"%\' ORDER BY position')
        .all() as {
        position: number;
        data: string;
      }[];
      const events = rows.map(({ position, data }) => ({ position, data: JSON.parse(data) as EventData }));
      const sealed = names.map((name) =>
        events.filter(({ data }) => data.secret.name === name).map(({ data }) => data.sealed),
      );
      change(...sealed);
      const update = db.prepare('UPDATE events SET data = ? WHERE position = ?');
      for (const { position, data } of events) update.run(JSON.stringify(data), position);
    });
  }

  /** Gives the ids of a secret's data keys, oldest version first. */
  dataKeyIds(name: string): string[] {
    let ids: string[] = [];
    this.tamper([name], (versions = []) => (ids = versions.map(({ dataKeyId }) => dataKeyId)));
    return ids;
  }

  /** Runs SQL on one of the files, and gives the rows. */
  query(file: string, sql: string, ...parameters: readonly (string | number | Buffer)[]): unknown[] {
    return this.#open(file, (db) => {
      const statement = db.prepare(sql);
      return statement.reader ? statement.all([...parameters]) : [statement.run([...parameters])];
    });
  }

  #open<T>(file: string, use: (db: Database.Database) => T): T {
    const db = new Database(path.join(this.dataDir, file));
    try {
      const result = use(db);
      db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
      return result;
    } finally {
      db.close();
    }
  }
}

interface EventData {
  readonly secret: { readonly name: string };
  readonly sealed: Sealed;
}

/** Changes the bytes of an envelope in place. */
export function changedEnvelope(sealed: Sealed | undefined, change: (bytes: Buffer) => Uint8Array): void {
  if (!sealed) throw new Error('No such version');
  sealed.envelope = Buffer.from(change(Buffer.from(sealed.envelope, 'base64'))).toString('base64');
}

export function withFlippedBit(bytes: Uint8Array, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

/** Gives a digest of each file, except lock files and the `-wal` and `-shm` files of SQLite. */
export function digestsOf(dataDir: string): Record<string, string> {
  const files = filesBelow(dataDir).filter((file) => !/-(wal|shm)$|\.lock/.test(file));
  const digest = (file: string) =>
    createHash('sha256')
      .update(readFileSync(path.join(dataDir, file)))
      .digest('hex');
  return Object.fromEntries(files.sort().map((file) => [file, digest(file)]));
}
