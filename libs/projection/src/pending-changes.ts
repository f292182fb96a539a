import { comparePositions } from '#libs/kernel';
import type { Change } from '#libs/read-store';

/**
 * Changes that wait to be written. Of several changes of one document only the one that would remain is kept. What the
 * store's guard would refuse is dropped by the same rule.
 */
export class PendingChanges {
  #changes = new Map<string, Change>();

  get size(): number {
    return this.#changes.size;
  }

  add(change: Change): void {
    // Names contain no space and fields have a name, so no two targets share a key.
    const field = change.kind === 'advance' ? change.field : '';
    const id = change.kind === 'put' ? change.document.id : change.id;
    const target = `${change.collection} ${field} ${id}`;
    const pending = this.#changes.get(target);
    if (!pending || isLater(change, pending)) this.#changes.set(target, change);
  }

  take(): readonly Change[] {
    const changes = [...this.#changes.values()];
    this.#changes = new Map();
    return changes;
  }
}

function isLater(change: Change, pending: Change): boolean {
  if (change.kind === 'advance') return pending.kind === 'advance' && change.to > pending.to;
  // Revisions are decimal strings, as positions are.
  return pending.kind !== 'advance' && comparePositions(change.revision, pending.revision) > 0;
}
