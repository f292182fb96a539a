import type { Connection } from '#libs/sqlite';
import type { RootKeyState, WrappedKey } from '../key-store';

// Data keys have no index but their id, which begins with the time: a write then touches the last page of
// one tree. An index by organization or parent would touch a page of its own for every organization, and
// cost three times the whole insert. The other keys are few; their index leaves the data keys out.
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

/** What the writer's thread does for the key store. Every job may be repeated. */
export function setup(db: Connection) {
  db.exec(SCHEMA);
  const insert = db.prepare('INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING');
  const rewrap = db.prepare('UPDATE keys SET parent = ?, wrapped = ? WHERE id = ?');
  const destroy = db.prepare('DELETE FROM keys WHERE id = ?');
  const setState = db.prepare('INSERT OR REPLACE INTO root_key_state VALUES (1, ?, ?, ?)');
  return {
    insert(key: WrappedKey): boolean {
      const { id, purpose, parent, orgId, secretId, generation, createdAt, wrapped } = key;
      const { changes } = insert.run(id, purpose, parent, orgId, secretId, generation, createdAt, wrapped);
      return changes === 1;
    },
    rewrap: (keys: readonly Pick<WrappedKey, 'id' | 'parent' | 'wrapped'>[]) =>
      keys.reduce((count, { id, parent, wrapped }) => count + rewrap.run(parent, wrapped, id).changes, 0),
    destroy: (ids: readonly string[]) => ids.reduce((count, id) => count + destroy.run(id).changes, 0),
    setRootKeyState({ current, previous, retired }: RootKeyState): void {
      setState.run(current, previous, JSON.stringify(retired));
    },
    ping: () => true,
  };
}

export type KeyStoreJobs = ReturnType<typeof setup>;
