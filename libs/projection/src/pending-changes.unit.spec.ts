import fc from 'fast-check';
import type { Change } from '#libs/read-store';
import { PendingChanges } from './pending-changes';

const put = (id: string, revision: number, name = `${revision}`): Change => ({
  kind: 'put',
  collection: 'things',
  document: { id, name },
  revision: String(revision),
});
const remove = (id: string, revision: number): Change => ({
  kind: 'remove',
  collection: 'things',
  id,
  revision: String(revision),
});
const advance = (id: string, to: string): Change => ({
  kind: 'advance',
  collection: 'things',
  id,
  field: 'seenAt',
  to,
});

function coalesce(changes: readonly Change[]): readonly Change[] {
  const pending = new PendingChanges();
  for (const change of changes) pending.add(change);
  return pending.take();
}

/** What a read store holds after `changes`, by the rules of its port. */
function applied(changes: readonly Change[]): unknown {
  const rows = new Map<string, { revision: number; name: unknown; seenAt: string }>();
  for (const change of changes) {
    if (change.kind === 'advance') continue;
    const id = change.kind === 'put' ? change.document.id : change.id;
    const row = rows.get(id);
    if (row && row.revision >= Number(change.revision)) continue;
    const name = change.kind === 'put' ? change.document['name'] : null;
    rows.set(id, { revision: Number(change.revision), name, seenAt: '' });
  }
  for (const change of changes) {
    const row = change.kind === 'advance' ? rows.get(change.id) : undefined;
    if (row && change.kind === 'advance' && change.to > row.seenAt) row.seenAt = change.to;
  }
  return [...rows].sort();
}

describe('PendingChanges', () => {
  it('keeps the latest change per document', () => {
    expect(coalesce([put('a', 1), put('b', 1), put('a', 2), remove('b', 2)])).toEqual([
      put('a', 2),
      remove('b', 2),
    ]);
  });

  it('compares revisions as numbers and drops what the guard would refuse', () => {
    expect(coalesce([put('a', 10), put('a', 9), put('a', 10, 'again')])).toEqual([put('a', 10)]);
  });

  it('keeps the greatest advance beside the put', () => {
    const changes = [put('a', 1), advance('a', '3'), advance('a', '2'), put('a', 2)];
    expect(coalesce(changes)).toEqual([put('a', 2), advance('a', '3')]);
  });

  it('is empty after take', () => {
    const pending = new PendingChanges();
    pending.add(put('a', 1));
    expect(pending.size).toBe(1);
    pending.take();
    expect([pending.size, pending.take()]).toEqual([0, []]);
  });

  it('leaves the same documents as all changes would, and each change at most once', () => {
    const id = fc.constantFrom('a', 'b', 'c');
    const revision = fc.integer({ min: 0, max: 12 });
    const change = fc.oneof(
      fc.tuple(id, revision, fc.string()).map((args) => put(...args)),
      fc.tuple(id, revision).map((args) => remove(...args)),
      fc.tuple(id, fc.constantFrom('1', '2', '3')).map((args) => advance(...args)),
    );
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const coalesced = coalesce(changes);
        expect(applied(coalesced)).toEqual(applied(changes));
        expect(coalesced.length).toBeLessThanOrEqual(6);
      }),
    );
  });
});
