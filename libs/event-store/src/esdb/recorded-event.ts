import type { AllStreamResolvedEvent, ResolvedEvent } from '@eventstore/db-client';
import { AppError } from '#libs/kernel';
import type { EventMetadata, JsonObject, RecordedEvent } from '../event-store';

/**
 * An event as the port shows it. A position of this server has two numbers, commit and prepare. They
 * differ only for transactions of the old TCP protocol, which no gRPC client can begin: for all events
 * of ours they are equal, so one number says it all, and resuming after it takes it for both. Of a
 * foreign event the commit position counts: it is the later one, so nothing of ours is repeated or skipped.
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
