import type { RecordedEvent } from '#libs/event-store';
import { isAppError } from '#libs/kernel';
import type { Change, CollectionSpec } from '#libs/read-store';
import type { Projection } from './projection';

/** Where events wait that a projection could not apply: by position, never with their content. */
export const parkedCollection = {
  name: 'parked_events_v1',
  fields: { projection: 'string', position: 'string' },
  indexes: [['projection', 'position']],
} as const satisfies CollectionSpec;

/** The note that an event could not be applied. */
export function park(projection: Projection, event: RecordedEvent, error: unknown): Change {
  const document = {
    id: `${projection.name}.${projection.version}:${event.position}`,
    projection: projection.name,
    position: event.position,
    type: event.type,
    reason: isAppError(error) ? error.code : error instanceof Error ? error.name : 'unknown',
  };
  return { kind: 'put', collection: parkedCollection.name, document, revision: event.revision };
}
