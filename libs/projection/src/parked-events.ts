import type { RecordedEvent } from '#libs/event-store';
import { isAppError } from '#libs/kernel';
import type { Change, CollectionSpec } from '#libs/read-store';

/** The events that a projection could not apply, by position and without their content. */
export const parkedCollection = {
  name: 'parked_events_v1',
  fields: { projection: 'string', position: 'string' },
  indexes: [['projection', 'position']],
  countBy: ['projection'],
} as const satisfies CollectionSpec;

/** The record of an event that could not be applied. `projection` is the name of the checkpoint and the lease. */
export function park(projection: string, event: RecordedEvent, error: unknown): Change {
  const document = {
    id: `${projection}:${event.position}`,
    projection,
    position: event.position,
    type: event.type,
    reason: isAppError(error) ? error.code : error instanceof Error ? error.name : 'unknown',
  };
  return { kind: 'put', collection: parkedCollection.name, document, revision: event.revision };
}
