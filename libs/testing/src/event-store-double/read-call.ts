import { once } from 'node:events';
import type { handleServerStreamingCall, ServerWritableStream } from '@grpc/grpc-js';
import { StreamIdentifier, UUID } from '@eventstore/db-client/generated/shared_pb';
import { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb';
import type { Core } from './append';
import { serverError, streamName } from './append-call';
import type { Log, StoredEvent } from './log';
import type { Subscriptions } from './subscriptions';

export type ReadCall = ServerWritableStream<ReadReq, ReadResp>;

/** `Read`: a stream, the whole log, or a subscription to either. */
export function readCall(
  core: Core,
  subscriptions: Subscriptions,
): handleServerStreamingCall<ReadReq, ReadResp> {
  return (call) => {
    const options = call.request.getOptions() ?? new ReadReq.Options();
    if (options.hasSubscription()) return void subscriptions.serve(call, options);
    return void serveRead(core, call, options);
  };
}

async function serveRead({ log, faults }: Core, call: ReadCall, options: ReadReq.Options): Promise<void> {
  const silence = faults.silenced();
  if (silence) await silence;
  if (faults.answerDelayMs > 0) await faults.delayed();
  const stream = options.getStream() && streamName(options.getStream() as ReadReq.Options.StreamOptions);
  if (stream !== undefined && log.isTombstoned(stream)) {
    call.emit('error', serverError('stream-deleted', { 'stream-name': stream }));
    return;
  }
  if (stream !== undefined && (log.lastRevision(stream) < 0 || log.isSoftDeleted(stream))) {
    const missing = new StreamIdentifier().setStreamName(Buffer.from(stream));
    call.write(new ReadResp().setStreamNotFound(new ReadResp.StreamNotFound().setStreamIdentifier(missing)));
    call.end();
    return;
  }
  for (const event of eventsToRead(log, options, stream)) {
    if (!(await send(call, eventMessage(event)))) return;
  }
  call.end();
}

function* eventsToRead(
  log: Log,
  options: ReadReq.Options,
  stream: string | undefined,
): Generator<StoredEvent> {
  const events = stream === undefined ? log : log.visible(stream);
  const step = options.getReadDirection() === ReadReq.Options.ReadDirection.BACKWARDS ? -1 : 1;
  let index = stream === undefined ? firstInLog(log, options) : firstInStream(log.visible(stream), options);
  for (let left = Number(options.getCount()); left > 0; left -= 1, index += step) {
    const event = index < 0 ? undefined : events.at(index);
    if (!event) return;
    yield event;
  }
}

/** The position is included, whatever the direction. */
function firstInLog(log: Log, options: ReadReq.Options): number {
  const all = options.getAll();
  const position = all?.getPosition();
  if (position) return log.indexOf(Number(position.getCommitPosition()));
  return all?.hasEnd() ? log.length - 1 : 0;
}

function firstInStream(visible: readonly StoredEvent[], options: ReadReq.Options): number {
  const from = options.getStream();
  if (from?.hasEnd()) return visible.length - 1;
  if (!from?.hasRevision()) return 0;
  const revision = Number(from.getRevision());
  const index = visible.findIndex((event) => event.revision >= revision);
  const backwards = options.getReadDirection() === ReadReq.Options.ReadDirection.BACKWARDS;
  if (!backwards) return index < 0 ? visible.length : index;
  if (index < 0) return visible.length - 1;
  return visible[index]?.revision === revision ? index : index - 1;
}

/** Writes one message and waits when the client is slower than we are; false when it is gone. */
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
  // .NET ticks of 100 ns; the client takes them for ticks since 1970.
  map.set('created', `${event.created}0000`);
  const resolved = new ReadResp.ReadEvent().setEvent(record).setCommitPosition(String(event.position));
  return new ReadResp().setEvent(resolved);
}
