import type { Connection, Parameter, Statement } from '#libs/sqlite';
import type { CollectionSpec } from '../read-store';
import type { ChangeRows } from './change-rows';
import { ensureTable, tableOf } from './collection-table';

interface Projected extends ChangeRows {
  readonly projection: string;
  readonly position: string;
  readonly fence: number;
}

interface StoredDocument {
  readonly collection: string;
  readonly id: string;
  /** The document as JSON. */
  readonly doc: string;
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS checkpoints (projection TEXT PRIMARY KEY, position TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS leases (
    name TEXT PRIMARY KEY, holder TEXT NOT NULL, fence INTEGER NOT NULL, expires_at INTEGER NOT NULL
  ) WITHOUT ROWID;
`;

export type ReadStoreJobs = ReturnType<typeof setup>;

/** One job removes at most this many rows, so that other jobs wait only a few milliseconds for it. */
export const REMOVED_ROWS_MAX = 1000;

/** After a power failure the log makes these jobs' rows again, and leases are void. Records are flushed. */
export const UNFLUSHED: readonly (keyof ReadStoreJobs)[] = [
  'project',
  'acquireLease',
  'releaseLease',
  'releaseAllLeases',
];

/** The jobs of a read store. No request may make a job fail, because that fails its whole group (ADR 3). */
export function setup(db: Connection) {
  // The triggers make SQLite keep a rollback journal for each statement. This keeps it in memory, not in a file.
  db.exec('PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8000; PRAGMA wal_autocheckpoint = 4000');
  db.exec(SCHEMA);
  const statements = cachedStatements(db);
  return {
    ensureCollection: (spec: CollectionSpec) => ensureTable(db, spec),
    project: projectJob(statements),
    ...leaseJobs(statements),
    ...recordJobs(statements),
    ping: () => undefined,
  };
}

type Statements = ReturnType<typeof cachedStatements>;

/** Prepared statements by their text. They are few, because the texts depend only on the names of collections. */
function cachedStatements(db: Connection) {
  const cache = new Map<string, Statement>();
  const prepared = (sql: string): Statement => {
    const statement = cache.get(sql) ?? db.prepare(sql);
    cache.set(sql, statement);
    return statement;
  };
  return {
    /** Gives how many rows changed. */
    run: (sql: string, ...parameters: readonly Parameter[]) => prepared(sql).run(...parameters).changes,
    /** Gives the first column of the first row. */
    value: (sql: string, ...parameters: readonly Parameter[]) => prepared(sql).get(...parameters)?.[0],
  };
}

function projectJob({ run, value }: Statements) {
  /** Gives false, and writes nothing, when the fence is not that of the lease. */
  return ({ projection, position, fence, writes, advances }: Projected): boolean => {
    if (value('SELECT fence FROM leases WHERE name = ?', projection) !== fence) return false;
    for (const [collection, rows] of writes) {
      // One statement for all rows: with one per row, calls and the triggers' journal cost more than the writing.
      run(
        `INSERT INTO ${tableOf(collection)} (_id, _revision, _doc)
         SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?) WHERE true
         ON CONFLICT (_id) DO UPDATE SET _revision = excluded._revision, _doc = excluded._doc
         WHERE excluded._revision > _revision`,
        rows,
      );
    }
    for (const [collection, field, rows] of advances) {
      run(
        `UPDATE ${tableOf(collection)} SET "${field}" = latest.value ->> 1 FROM json_each(?) AS latest
         WHERE _id = latest.value ->> 0 AND _doc IS NOT NULL AND coalesce("${field}", '') < latest.value ->> 1`,
        rows,
      );
    }
    run('INSERT OR REPLACE INTO checkpoints VALUES (?, ?)', projection, position);
    return true;
  };
}

function leaseJobs({ run, value }: Statements) {
  return {
    /** Gives the fence, or null while another holder's lease has not expired. */
    acquireLease({ name, holder, ttlMs }: { name: string; holder: string; ttlMs: number }): number | null {
      const now = Date.now();
      const fence = value(
        `INSERT INTO leases VALUES (?, ?, 1, ?)
         ON CONFLICT (name) DO UPDATE SET fence = fence + (holder <> excluded.holder),
           holder = excluded.holder, expires_at = excluded.expires_at
         WHERE holder = excluded.holder OR expires_at <= ? RETURNING fence`,
        ...[name, holder, now + ttlMs, now],
      );
      return typeof fence === 'number' ? fence : null;
    },

    /** The lease gets a new fence when it is taken next, even by the same holder. */
    releaseLease({ name, holder }: { name: string; holder: string }): void {
      run(`UPDATE leases SET holder = '', expires_at = 0 WHERE name = ? AND holder = ?`, name, holder);
    },

    /** Use it only when no holder can still be running. */
    releaseAllLeases(): void {
      run(`UPDATE leases SET holder = '', expires_at = 0 WHERE holder <> ''`);
    },
  };
}

/** Records have no revision, so -1 is stored. */
function recordJobs({ run, value }: Statements) {
  const write = ({ collection, id, doc }: StoredDocument) =>
    run(
      `INSERT INTO ${tableOf(collection)} (_id, _revision, _doc) VALUES (?, -1, ?)
       ON CONFLICT (_id) DO UPDATE SET _doc = excluded._doc`,
      ...[id, doc],
    );

  return {
    /** Gives the document that exists afterwards. */
    putIfAbsent(document: StoredDocument): string {
      const { collection, id, doc } = document;
      const present = value(`SELECT _doc FROM ${tableOf(collection)} WHERE _id = ?`, id);
      if (typeof present === 'string') return present;
      write(document);
      return doc;
    },

    put(document: StoredDocument): void {
      write(document);
    },

    remove({ collection, id }: { collection: string; id: string }): void {
      run(`DELETE FROM ${tableOf(collection)} WHERE _id = ?`, id);
    },

    /** Does one step and gives how many rows it removed. With fewer than REMOVED_ROWS_MAX it is finished. */
    removeBefore({ collection, field, time }: { collection: string; field: string; time: string }): number {
      const table = tableOf(collection);
      return run(
        `DELETE FROM ${table} WHERE _id IN (SELECT _id FROM ${table} WHERE "${field}" < ? LIMIT ?)`,
        ...[time, REMOVED_ROWS_MAX],
      );
    },
  };
}
