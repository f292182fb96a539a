import type { Connection } from '#libs/sqlite';
import type { KeyPurpose, RootKeyState } from '../key-store';

/** A key as it is sent to the writer thread. A flat tuple, with the bytes as latin1 text, is copied fastest. */
export type InsertJob = readonly [
  id: string,
  purpose: KeyPurpose,
  parent: string,
  orgId: string,
  secretId: string,
  generation: number,
  createdAt: string,
  wrapped: string,
];
export type RewrapJob = readonly [id: string, parent: string, wrapped: string];

// Data keys have no index but their id, which begins with the time: an insert then touches only the last page of one
// tree. An index by organization or parent would touch another page for every organization, and cost three times the
// whole insert. The other keys are few, and their index leaves out the data keys.
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS keys (
    id TEXT PRIMARY KEY,
    purpose TEXT NOT NULL,
    parent TEXT NOT NULL,
    org_id TEXT NOT NULL,
    secret_id TEXT NOT NULL,
    generation INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    wrapped BLOB NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS keys_but_data ON keys (id) WHERE purpose <> 'data';
  CREATE TABLE IF NOT EXISTS root_key_state (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    current TEXT NOT NULL,
    previous TEXT,
    retired TEXT NOT NULL
  ) STRICT;
`;

/** The jobs of the key store, which run in the writer thread. Every job may be repeated. */
export function setup(db: Connection) {
  db.exec(SCHEMA);
  const insert = db.prepare('INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING');
  const rewrap = db.prepare('UPDATE keys SET parent = ?, wrapped = ? WHERE id = ?');
  const destroy = db.prepare('DELETE FROM keys WHERE id = ?');
  const setState = db.prepare('INSERT OR REPLACE INTO root_key_state VALUES (1, ?, ?, ?)');
  return {
    insert: ([id, purpose, parent, orgId, secretId, generation, createdAt, wrapped]: InsertJob): boolean => {
      const bytes = Buffer.from(wrapped, 'latin1');
      return insert.run(id, purpose, parent, orgId, secretId, generation, createdAt, bytes).changes === 1;
    },
    rewrap: (keys: readonly RewrapJob[]) =>
      keys.reduce((count, [id, parent, wrapped]) => {
        return count + rewrap.run(parent, Buffer.from(wrapped, 'latin1'), id).changes;
      }, 0),
    destroy: (ids: readonly string[]) => ids.reduce((count, id) => count + destroy.run(id).changes, 0),
    setRootKeyState({ current, previous, retired }: RootKeyState): void {
      setState.run(current, previous, JSON.stringify(retired));
    },
    ping: () => true,
  };
}

export type KeyStoreJobs = ReturnType<typeof setup>;
