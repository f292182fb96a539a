import { type handleBidiStreamingCall, status } from '@grpc/grpc-js';
import * as shared from '@eventstore/db-client/generated/shared_pb';
import { Code } from '@eventstore/db-client/generated/code_pb';
import { Status } from '@eventstore/db-client/generated/status_pb';
import { type BatchAppendReq, BatchAppendResp } from '@eventstore/db-client/generated/streams_pb';
import { Any } from 'google-protobuf/google/protobuf/any_pb';
import { Empty } from 'google-protobuf/google/protobuf/empty_pb';
import { APPEND_BYTES_MAX, type Expected } from './append-decision';
import { applyAppend, isMalformed, type Core, type Outcome } from './append';
import type { ProposedEvent } from './stored-event';
import { streamName } from './stream-name';

interface Incoming {
  readonly correlation: shared.UUID | undefined;
  readonly options: BatchAppendReq.Options;
  readonly events: ProposedEvent[];
}

/** Serves `BatchAppend`: one long call for all appends of a client. An answer has the correlation id of its append. */
export function batchAppendCall(core: Core): handleBidiStreamingCall<BatchAppendReq, BatchAppendResp> {
  return (call) => {
    const incoming = new Map<string, Incoming>();
    call.on('data', (message: BatchAppendReq) => {
      const key = message.getCorrelationId()?.getString() ?? '';
      const append = incoming.get(key) ?? started(message);
      if (!append) return void call.destroy(malformed());
      incoming.set(key, append);
      append.events.push(...message.getProposedMessagesList().map(proposedEvent));
      if (!message.getIsFinal()) return;
      incoming.delete(key);
      if (isMalformed(append.events)) return void call.destroy(malformed());
      const { options, events } = append;
      const request = { stream: streamName(options), expected: expectedOf(options), events };
      void applyAppend(core, request, (outcome) => {
        // Does not wait for `drain`, which would reorder answers. Their number is limited by the appends in flight.
        if (!call.cancelled && call.writable) call.write(response(append, outcome));
      });
    });
    call.on('end', () => call.end());
    call.on('error', () => call.destroy());
  };
}

function started(message: BatchAppendReq): Incoming | undefined {
  const options = message.getOptions();
  return options && { correlation: message.getCorrelationId(), options, events: [] };
}

function proposedEvent(message: BatchAppendReq.ProposedMessage): ProposedEvent {
  const map = message.getMetadataMap();
  return {
    id: message.getId()?.getString() ?? '',
    type: map.get('type') ?? '',
    contentType: map.get('content-type') ?? 'application/octet-stream',
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  };
}

function malformed(): Error {
  return Object.assign(new Error('malformed append'), {
    code: status.INVALID_ARGUMENT,
    details: 'malformed append',
  });
}

function expectedOf(options: BatchAppendReq.Options): Expected {
  if (options.hasAny()) return 'any';
  return options.hasNoStream() ? 'no stream' : Number(options.getStreamPosition());
}

function response({ correlation, options }: Incoming, outcome: Outcome): BatchAppendResp {
  const answer = new BatchAppendResp();
  answer.setCorrelationId(correlation).setStreamIdentifier(options.getStreamIdentifier());
  return outcome.kind === 'success' ? answer.setSuccess(success(outcome)) : answer.setError(refusal(outcome));
}

function success({ revision, position }: Outcome & { kind: 'success' }): BatchAppendResp.Success {
  const answer = new BatchAppendResp.Success();
  if (position === undefined) return answer.setNoPosition(new Empty()).setNoStream(new Empty());
  const place = new shared.AllStreamPosition()
    .setCommitPosition(String(position))
    .setPreparePosition(String(position));
  return answer.setCurrentRevision(String(revision)).setPosition(place);
}

/** Packs the reason into `details`. The client tells errors apart by the type name of the reason. */
function refusal(outcome: Exclude<Outcome, { kind: 'success' }>): Status {
  if (outcome.kind === 'wrong revision') return statusOf('WrongExpectedVersion', wrongRevision(outcome));
  const tooLarge = new shared.MaximumAppendSizeExceeded().setMaxappendsize(APPEND_BYTES_MAX);
  return statusOf('MaximumAppendSizeExceeded', tooLarge);
}

function statusOf(name: string, reason: { serializeBinary(): Uint8Array }): Status {
  const details = new Any();
  details.pack(reason.serializeBinary(), `event_store.client.${name}`);
  return new Status().setCode(Code.UNKNOWN).setMessage(name).setDetails(details);
}

function wrongRevision({
  current,
  expected,
}: {
  current: number;
  expected: Expected;
}): shared.WrongExpectedVersion {
  const wrong = new shared.WrongExpectedVersion();
  if (current >= 0) wrong.setCurrentStreamRevision(String(current));
  else wrong.setCurrentNoStream(new Empty());
  if (expected === 'any') return wrong.setExpectedAny(new Empty());
  if (expected === 'no stream') return wrong.setExpectedNoStream(new Empty());
  return wrong.setExpectedStreamPosition(String(expected));
}
