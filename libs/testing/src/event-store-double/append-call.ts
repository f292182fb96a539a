import { type handleClientStreamingCall, Metadata, status } from '@grpc/grpc-js';
import { Empty } from '@eventstore/db-client/generated/shared_pb';
import { type AppendReq, AppendResp } from '@eventstore/db-client/generated/streams_pb';
import { APPEND_BYTES_MAX, type Expected } from './append-decision';
import { applyAppend, isMalformed, type Core, type Outcome } from './append';
import type { ProposedEvent } from './stored-event';

/** `Append`: one call for one append, what the client uses when it is given credentials per call. */
export function appendCall(core: Core): handleClientStreamingCall<AppendReq, AppendResp> {
  return (call, callback) => {
    let options: AppendReq.Options | undefined;
    const events: ProposedEvent[] = [];
    call.on('data', (message: AppendReq) => {
      options ??= message.getOptions();
      const proposed = message.getProposedMessage();
      if (proposed) events.push(proposedEvent(proposed));
    });
    call.on('end', () => {
      if (!options || isMalformed(events))
        return callback({ code: status.INVALID_ARGUMENT, details: 'malformed append' });
      const stream = streamName(options);
      void applyAppend(core, { stream, expected: expectedOf(options), events }, (outcome) => {
        const failure = failureOf(outcome, stream);
        if (failure) callback(failure);
        else callback(null, response(outcome));
      });
    });
  };
}

/** The fields that proposed events of both append calls share. */
interface Proposed {
  getId(): { getString(): string } | undefined;
  getMetadataMap(): { get(key: string): string | undefined };
  getData_asU8(): Uint8Array;
  getCustomMetadata_asU8(): Uint8Array;
}

export function proposedEvent(message: Proposed): ProposedEvent {
  const map = message.getMetadataMap();
  return {
    id: message.getId()?.getString() ?? '',
    type: map.get('type') ?? '',
    contentType: map.get('content-type') ?? 'application/octet-stream',
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  };
}

export function streamName(options: {
  getStreamIdentifier(): { getStreamName_asU8(): Uint8Array } | undefined;
}): string {
  return Buffer.from(options.getStreamIdentifier()?.getStreamName_asU8() ?? []).toString('utf8');
}

/** A refusal that travels as a status with trailers: the client reads the type from `exception`. */
export function serverError(exception: string, details: Record<string, string>) {
  const metadata = new Metadata();
  metadata.set('exception', exception);
  for (const [key, value] of Object.entries(details)) metadata.set(key, value);
  const code = exception === 'stream-deleted' ? status.FAILED_PRECONDITION : status.INVALID_ARGUMENT;
  return { code, details: exception, metadata };
}

function failureOf(outcome: Outcome, stream: string) {
  if (outcome.kind === 'deleted') return serverError('stream-deleted', { 'stream-name': stream });
  if (outcome.kind !== 'too large') return undefined;
  return serverError('maximum-append-size-exceeded', { 'maximum-append-size': String(APPEND_BYTES_MAX) });
}

function expectedOf(options: AppendReq.Options): Expected {
  if (options.hasAny()) return 'any';
  if (options.hasNoStream()) return 'no stream';
  return options.hasStreamExists() ? 'stream exists' : Number(options.getRevision());
}

function response(outcome: Outcome): AppendResp {
  if (outcome.kind === 'wrong revision')
    return new AppendResp().setWrongExpectedVersion(wrongRevision(outcome));
  const success = new AppendResp.Success();
  if (outcome.kind === 'success' && outcome.position !== undefined) {
    const position = String(outcome.position);
    success.setPosition(new AppendResp.Position().setCommitPosition(position).setPreparePosition(position));
    success.setCurrentRevision(String(outcome.revision));
  } else success.setNoPosition(new Empty()).setNoStream(new Empty());
  return new AppendResp().setSuccess(success);
}

function wrongRevision({ current, expected }: { current: number; expected: Expected }) {
  const wrong = new AppendResp.WrongExpectedVersion();
  if (current >= 0) wrong.setCurrentRevision(String(current));
  else wrong.setCurrentNoStream(new Empty());
  if (expected === 'any') return wrong.setExpectedAny(new Empty());
  if (expected === 'no stream') return wrong.setExpectedNoStream(new Empty());
  if (expected === 'stream exists') return wrong.setExpectedStreamExists(new Empty());
  return wrong.setExpectedRevision(String(expected));
}
