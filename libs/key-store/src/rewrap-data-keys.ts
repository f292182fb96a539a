import { unwrapKey, wrapKey } from '#libs/crypto';
import { isAppError } from '#libs/kernel';
import type { KeyStore, WrappedKey } from './key-store';
import type { OrganizationKey, OrganizationKeys } from './organization-keys';

/** Wrapping a key again blocks the event loop for some 20 µs. */
const BATCH_ROWS = 100;

export interface RewrappedBatch {
  /** The `afterId` of the next batch; null after the last. */
  readonly nextAfterId: string | null;
  readonly rewrapped: number;
  /** How many keys do not unwrap. They are left as they are, so that the others do not wait for a repair. */
  readonly damaged: number;
}

/**
 * Wraps a batch of an organization's data keys, those after `afterId`, under its current key. The data keys themselves
 * stay the same, so values can be read at any moment. Rows are updated and never inserted, so a key that is destroyed
 * meanwhile stays destroyed.
 */
export async function rewrapDataKeys(
  { keys, organizations }: { keys: KeyStore; organizations: OrganizationKeys },
  { orgId, afterId }: { orgId: string; afterId: string },
): Promise<RewrappedBatch> {
  // Read before the rows: what other processes insert under this generation meanwhile needs no wrapping.
  const current = await organizations.findCurrent(orgId);
  const rows = await keys.list({ purpose: 'data', orgId, afterId, limit: BATCH_ROWS });
  const stale = rows.filter(({ parent }) => parent !== current.id);
  const moved = [];
  for (const row of stale) {
    const oldKey = await keyOf(row, organizations);
    const change = oldKey && rewrapped(row, oldKey, current);
    if (change) moved.push(change);
  }
  if (moved.length > 0) await keys.rewrap(moved);
  const nextAfterId = rows.length < BATCH_ROWS ? null : (rows.at(-1)?.id ?? null);
  return { nextAfterId, rewrapped: moved.length, damaged: stale.length - moved.length };
}

async function keyOf(row: WrappedKey, organizations: OrganizationKeys): Promise<Buffer | null> {
  return organizations.known(row.parent) ?? nullIfDamaged(() => organizations.find(row.orgId, row.parent));
}

function rewrapped(row: WrappedKey, oldKey: Buffer, { id: parent, key }: OrganizationKey) {
  try {
    const dataKey = unwrapKey(row.wrapped, oldKey, row);
    const wrapped = wrapKey(dataKey, key, { ...row, parent });
    dataKey.fill(0);
    return { id: row.id, parent, wrapped };
  } catch (error) {
    if (isAppError(error, 'INTEGRITY_ERROR')) return null;
    throw error;
  }
}

async function nullIfDamaged<T>(work: () => Promise<T>): Promise<T | null> {
  return work().catch((error: unknown) => {
    if (isAppError(error, 'INTEGRITY_ERROR')) return null;
    throw error;
  });
}
