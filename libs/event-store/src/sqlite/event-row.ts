import { AppError } from '#libs/kernel';
import type { EventMetadata, JsonObject, RecordedEvent } from '../event-store';

export type EventRow = readonly [
  stream: string,
  position: number,
  revision: number,
  id: string,
  type: string,
  data: string,
  metadata: string,
];

export const EVENT_COLUMNS = 'stream, position, revision, id, type, data, metadata';

export function recordedEvent([
  stream,
  position,
  revision,
  id,
  type,
  data,
  metadata,
]: EventRow): RecordedEvent {
  return {
    id,
    stream,
    revision: String(revision),
    position: String(position),
    type,
    data: JSON.parse(data) as JsonObject,
    metadata: JSON.parse(metadata) as EventMetadata,
  };
}

/** Runs a read. Fails with STORE_UNAVAILABLE, or with INTEGRITY_ERROR for text that is not JSON. */
export function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    // We write only JSON, so the file was damaged or changed.
    if (cause instanceof SyntaxError) throw new AppError('INTEGRITY_ERROR', { cause });
    throw new AppError('STORE_UNAVAILABLE', { cause });
  }
}
