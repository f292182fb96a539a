import type { Change } from '../read-store';

/** Changes in the form that the writer's job takes. Each list is JSON, which SQLite unpacks in one statement. */
export interface ChangeRows {
  /** For each collection a JSON array of `[id, revision, document or null]`, in the order of the changes. */
  readonly writes: readonly (readonly [collection: string, rows: string])[];
  /** For each `latest` field a JSON array of `[id, text]`, with each id once. */
  readonly advances: readonly (readonly [collection: string, field: string, rows: string])[];
}

export function toRows(changes: readonly Change[]): ChangeRows {
  const writes = new Map<string, string[]>();
  const advances = new Map<string, Map<string, string>>();
  for (const change of changes) {
    if (change.kind === 'advance') {
      // A space separates the names, because no name contains one.
      const target = `${change.collection} ${change.field}`;
      const latest = advances.get(target) ?? new Map<string, string>();
      advances.set(target, latest);
      if (change.to > (latest.get(change.id) ?? '')) latest.set(change.id, change.to);
    } else {
      const rows = writes.get(change.collection) ?? [];
      writes.set(change.collection, rows);
      rows.push(rowOf(change));
    }
  }
  return {
    writes: [...writes].map(([collection, rows]) => [collection, `[${rows.join()}]`] as const),
    advances: [...advances].map(([target, latest]) => {
      const [collection = '', field = ''] = target.split(' ');
      return [collection, field, JSON.stringify([...latest])] as const;
    }),
  };
}

/** The revision is not converted to a number, which would lose digits. SQLite's integers hold all 18. */
function rowOf(change: Exclude<Change, { kind: 'advance' }>): string {
  if (change.kind === 'remove') return `[${JSON.stringify(change.id)},${change.revision},null]`;
  return `[${JSON.stringify(change.document.id)},${change.revision},${JSON.stringify(change.document)}]`;
}
