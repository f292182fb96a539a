import type { handleServerStreamingCall } from '@grpc/grpc-js';
import { StreamIdentifier } from '@eventstore/db-client/generated/shared_pb';
import { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb';
import type { Core } from './append';
import type { Log } from './log';
import { eventMessage, send, type ReadCall } from './read-messages';
import type { StoredEvent } from './stored-event';
import { streamName } from './stream-name';
import type { Subscriptions } from './subscriptions';

/** Serves `Read`: of a stream or of the whole log, or a subscription to either. */
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
  if (stream !== undefined && log.lastRevision(stream) < 0) {
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

/** A read begins with the event at the given position, in both directions. */
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
