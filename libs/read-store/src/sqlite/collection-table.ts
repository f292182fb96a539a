import type { Connection } from '#libs/sqlite';
import type { CollectionSpec } from '../read-store';

/**
 * A collection is a table. `_id` is the document's id, `_revision` the revision that wrote it, and `_doc` its JSON.
 * `_doc` is null after a removal; the revision stays, so that an older event that is replayed cannot bring the document
 * back. Each declared field is a column that SQLite computes from the JSON. `latest` fields are plain columns, so that
 * no put overwrites them. Names are spliced into SQL here and in collection-query.ts only; the catalog has checked
 * them.
 */
export const tableOf = (collection: string) => `"c_${collection}"`;

/** Documents per combination of the `countBy` fields. Triggers keep it, so that no write can forget it. */
export const counterOf = (spec: CollectionSpec) => `"n_${spec.name}:${spec.countBy?.join()}"`;

/** Creates what is missing, in the caller's transaction. */
export function ensureTable(db: Connection, spec: CollectionSpec): void {
  const table = tableOf(spec.name);
  const columns = Object.keys(spec.fields).map((field) => `, ${columnOf(spec, field)} STORED`);
  db.exec(
    `CREATE TABLE IF NOT EXISTS ${table} (_id TEXT PRIMARY KEY NOT NULL, _revision INTEGER NOT NULL, _doc TEXT${columns.join('')})`,
  );
  const info = db.prepare<[string]>(`SELECT name FROM pragma_table_xinfo('c_${spec.name}')`).all();
  const present = new Set(info.map(([name]) => name));
  for (const field of Object.keys(spec.fields)) {
    // SQLite cannot add a stored column to an existing table. A virtual column is only slower to read.
    if (!present.has(field)) db.exec(`ALTER TABLE ${table} ADD COLUMN ${columnOf(spec, field)} VIRTUAL`);
  }
  for (const field of spec.latest ?? []) {
    if (!present.has(field)) db.exec(`ALTER TABLE ${table} ADD COLUMN "${field}" TEXT`);
  }
  for (const index of spec.indexes) {
    const fields = index.map((field) => `"${field}", `).join('');
    db.exec(`CREATE INDEX IF NOT EXISTS "i_${spec.name}:${index.join()}" ON ${table} (${fields}_id)`);
  }
  if (spec.countBy) ensureCounter(db, spec, spec.countBy);
}

function columnOf(spec: CollectionSpec, field: string): string {
  const type = spec.fields[field];
  if (type === 'strings') return `"${field}" TEXT AS (nullif(_doc -> '$.${field}', 'null'))`;
  return `"${field}" ${type === 'integer' ? 'INTEGER' : 'TEXT'} AS (_doc ->> '$.${field}')`;
}

function ensureCounter(db: Connection, spec: CollectionSpec, countBy: readonly string[]): void {
  const table = tableOf(spec.name);
  const counter = counterOf(spec);
  const [known] =
    db.prepare('SELECT count(*) FROM sqlite_schema WHERE name = ?').get(unquoted(counter)) ?? [];
  if (known) return;
  // The counter's key for a row; null for a removed document.
  const key = (row: string) =>
    `iif(${row}._doc IS NULL, NULL, json_array(${countBy.map((field) => `${row}."${field}"`).join()}))`;
  const trigger = (verb: string) => `CREATE TRIGGER "${unquoted(counter)}:${verb}" AFTER ${verb} ON ${table}`;
  db.exec(`
    CREATE TABLE ${counter} (key TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
    INSERT INTO ${counter} SELECT ${key(table)}, count(*) FROM ${table} WHERE _doc IS NOT NULL GROUP BY 1;
    ${trigger('INSERT')} WHEN NEW._doc IS NOT NULL BEGIN
      INSERT INTO ${counter} VALUES (${key('NEW')}, 1) ON CONFLICT DO UPDATE SET n = n + 1;
    END;
    ${trigger('UPDATE')} WHEN ${key('OLD')} IS NOT ${key('NEW')} BEGIN
      UPDATE ${counter} SET n = n - 1 WHERE key = ${key('OLD')};
      INSERT INTO ${counter} SELECT ${key('NEW')}, 1 WHERE NEW._doc IS NOT NULL ON CONFLICT DO UPDATE SET n = n + 1;
    END;
    ${trigger('DELETE')} WHEN OLD._doc IS NOT NULL BEGIN
      UPDATE ${counter} SET n = n - 1 WHERE key = ${key('OLD')};
    END;
  `);
}

const unquoted = (name: string) => name.slice(1, -1);
