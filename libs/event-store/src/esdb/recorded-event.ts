import type { AllStreamResolvedEvent, ResolvedEvent } from '@eventstore/db-client';
import { AppError } from '#libs/kernel';
import type { EventMetadata, JsonObject, RecordedEvent } from '../event-store';

/**
 * An event as the port shows it. A position of this server has two numbers, commit and prepare. For all
 * that is written over gRPC they are equal: the place of its record in the log, so one number says it
 * all, and resuming takes it for both. They differ only for the explicit transactions of the old TCP
 * protocol; of such a foreign event the commit position counts, where its whole transaction is over.
 */
export function recordedEvent({ event }: ResolvedEvent | AllStreamResolvedEvent): RecordedEvent {
  // The client gives text that is not JSON, and what is not marked as JSON, as it came.
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
