import { randomUUID } from 'node:crypto';
import { AUDIT_RELAY_CHECKPOINT } from '#libs/host';
import { comparePositions, type Position } from '#libs/kernel';
import { readLog } from '../events/read-log';
import { moveRefused } from '../move-refused';
import type { OpenSide } from '../sides/open-side';

const LEASE_MS = 30_000;

/** True if the audit relay of a side has a checkpoint. */
export async function hasRelayPlace({ reads }: Pick<OpenSide, 'reads'>): Promise<boolean> {
  return (await placeOf(reads)) !== null;
}

/**
 * Writes the checkpoint of the target's audit relay: the position of the event at which the source's relay has stopped.
 * Without it the relay would publish the whole log again. Fails with MOVE_REFUSED if a relay runs on the target.
 */
export async function carryRelayPlace(source: OpenSide, target: OpenSide, onItem: () => void): Promise<void> {
  const place = await placeOf(source.reads);
  const reads = target.reads.get('audit-relay');
  if (place === null || !reads) return;
  const position = await samePlace(place, { source, target, onItem });
  if (position === null) return;
  const holder = randomUUID();
  const fence = await reads.acquireLease(AUDIT_RELAY_CHECKPOINT, holder, LEASE_MS);
  if (fence === null)
    throw moveRefused(`An audit relay runs on ${target.name}: stop it, and run this again.`);
  await reads.project(AUDIT_RELAY_CHECKPOINT, [], position, fence);
  await reads.releaseLease(AUDIT_RELAY_CHECKPOINT, holder);
}

async function placeOf(reads: OpenSide['reads']): Promise<Position | null> {
  return (await reads.get('audit-relay')?.checkpoint(AUDIT_RELAY_CHECKPOINT)) ?? null;
}

/** Gives the target's position of the source's last event up to `place`, or null. The logs must be equal. */
async function samePlace(
  place: Position,
  { source, target, onItem }: { source: OpenSide; target: OpenSide; onItem: () => void },
): Promise<Position | null> {
  const there = readLog(target.events);
  let position: Position | null = null;
  for await (const event of readLog(source.events)) {
    if (comparePositions(event.position, place) > 0) break;
    const next = await there.next();
    if (!next.done) position = next.value.position;
    onItem();
  }
  await there.return(undefined);
  return position;
}
