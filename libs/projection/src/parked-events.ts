import type { RecordedEvent } from '#libs/event-store';
import { isAppError } from '#libs/kernel';
import type { Change, CollectionSpec } from '#libs/read-store';

/** Where events wait that a projection could not apply: by position, never with their content. */
export const parkedCollection = {
  name: 'parked_events_v1',
  fields: { projection: 'string', position: 'string' },
  indexes: [['projection', 'position']],
  countBy: ['projection'],
} as const satisfies CollectionSpec;

/** The note that an event could not be applied. `projection`: as checkpoint and lease are called. */
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
