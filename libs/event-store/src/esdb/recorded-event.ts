import type { AllStreamResolvedEvent, ResolvedEvent } from '@eventstore/db-client';
import { AppError } from '#libs/kernel';
import type { EventMetadata, JsonObject, RecordedEvent } from '../event-store';

/**
 * Gives an event in the form of the port. A position of this server has two numbers, commit and prepare. They are equal
 * for everything written over gRPC, so one number is enough. They differ only for explicit transactions of the old TCP
 * protocol. For such an event the commit position counts, because it lies behind the whole transaction. Fails with
 * INTEGRITY_ERROR for an event that does not hold JSON.
 */
export function recordedEvent({ event }: ResolvedEvent | AllStreamResolvedEvent): RecordedEvent {
  // The client does not parse data that is not marked as JSON, and gives broken JSON as text.
  if (!event?.position || typeof event.data !== 'object' || !event.isJson)
    throw new AppError('INTEGRITY_ERROR');
  return {
    id: event.id,
    stream: event.streamId,
    revision: event.revision.toString(),
    position: event.position.commit.toString(),
    type: event.type,
    data: event.data as JsonObject,
    metadata: (event.metadata ?? {}) as unknown as EventMetadata,
  };
}
