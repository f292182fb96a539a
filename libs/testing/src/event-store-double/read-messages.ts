import { once } from 'node:events';
import type { ServerWritableStream } from '@grpc/grpc-js';
import { StreamIdentifier, UUID } from '@eventstore/db-client/generated/shared_pb';
import { ReadResp, type ReadReq } from '@eventstore/db-client/generated/streams_pb';
import type { StoredEvent } from './stored-event';

export type ReadCall = ServerWritableStream<ReadReq, ReadResp>;

/** Writes a message, and waits if the client reads too slowly. Gives false if the client has gone. */
export async function send(call: ReadCall, message: ReadResp): Promise<boolean> {
  if (call.cancelled || call.destroyed) return false;
  if (call.write(message)) return true;
  const gone = new AbortController();
  const cancelled = () => gone.abort();
  call.once('cancelled', cancelled);
  try {
    await once(call, 'drain', { signal: gone.signal });
    return true;
  } catch {
    return false;
  } finally {
    call.removeListener('cancelled', cancelled);
  }
}

export function eventMessage(event: StoredEvent): ReadResp {
  const record = new ReadResp.ReadEvent.RecordedEvent();
  record.setId(new UUID().setString(event.id));
  record.setStreamIdentifier(new StreamIdentifier().setStreamName(Buffer.from(event.stream)));
  record.setStreamRevision(String(event.revision));
  record.setCommitPosition(String(event.position)).setPreparePosition(String(event.position));
  record.setData(event.data).setCustomMetadata(event.metadata);
  const map = record.getMetadataMap();
  map.set('type', event.type);
  map.set('content-type', event.contentType);
  // In ticks of 100 ns, which the client counts from 1970.
  map.set('created', `${event.created}0000`);
  const resolved = new ReadResp.ReadEvent().setEvent(record).setCommitPosition(String(event.position));
  return new ReadResp().setEvent(resolved);
}
