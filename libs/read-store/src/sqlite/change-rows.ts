import type { Change } from '../read-store';

/** Changes as the writer's job takes them: JSON that SQLite itself takes apart, one statement per list. */
export interface ChangeRows {
  /** Per collection an array of `[id, revision, document or null]`, in the order of the changes. */
  readonly writes: readonly (readonly [collection: string, rows: string])[];
  /** Per `latest` field an array of `[id, text]`, an id at most once. */
  readonly advances: readonly (readonly [collection: string, field: string, rows: string])[];
}

export function toRows(changes: readonly Change[]): ChangeRows {
  const writes = new Map<string, string[]>();
  const advances = new Map<string, Map<string, string>>();
  for (const change of changes) {
    if (change.kind === 'advance') {
      // Names hold no space.
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

/** The revision goes in as a number as it stands: JSON has no bound, SQLite's integers hold 18 digits. */
function rowOf(change: Exclude<Change, { kind: 'advance' }>): string {
  if (change.kind === 'remove') return `[${JSON.stringify(change.id)},${change.revision},null]`;
  return `[${JSON.stringify(change.document.id)},${change.revision},${JSON.stringify(change.document)}]`;
}
