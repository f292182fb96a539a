import { randomUUID } from 'node:crypto';
import { Empty, StreamIdentifier, UUID } from '@eventstore/db-client/generated/shared_pb';
import type { Status } from '@eventstore/db-client/generated/status_pb';
import { BatchAppendReq, type BatchAppendResp } from '@eventstore/db-client/generated/streams_pb';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { AppError, type Position } from '#libs/kernel';
import { APPEND_BYTES_MAX, type Expected, type Revision } from '../event-store';

export type BatchCall = ClientDuplexStream<BatchAppendReq, BatchAppendResp>;

export interface BatchAppend {
  readonly stream: string;
  readonly expected: Expected;
  readonly events: readonly EncodedEvent[];
}

/** An event that is checked and serialised, so that sending it cannot throw. */
export interface EncodedEvent {
  readonly id: string;
  readonly type: string;
  /** JSON. */
  readonly data: Uint8Array;
  /** JSON; empty for none. */
  readonly metadata: Uint8Array;
}

export interface Written {
  /** Revision of the last event. */
  readonly revision: Revision;
  /** Position of the last event. A server may leave it out. */
  readonly position: Position | undefined;
}

interface Waiting {
  readonly sentAt: number;
  resolve(written: Written): void;
  reject(error: AppError): void;
}

/** A call is given up when its oldest append has waited for this time and no other append was answered meanwhile. */
const STUCK_AFTER_MS = 4_000;
const WAITING_MAX = 2_048;

/**
 * Appends over one long call, as the vendor's client does by default, but with its own table of waiting appends. The
 * client shares its table between all clients of the process. When one call breaks, it rejects the appends of all;
 * answers that still arrive end the process or leave the client waiting for ever. One call per append, the client's
 * other way, takes twice the CPU and gives 60 % of the rate. Here a broken call rejects only the appends that were sent
 * on it, and an answer to a rejected append is ignored. JSON, ids and sizes are checked before, so sending cannot
 * throw.
 */
export class BatchAppender {
  #call: Promise<WaitingCall> | undefined;

  constructor(private readonly openCall: () => Promise<BatchCall>) {}

  /** After WRONG_REVISION or VALIDATION_FAILED nothing was written; after any other error that is unknown. */
  async append(append: BatchAppend): Promise<Written> {
    const call = await (this.#call ??= this.#open());
    if (!call.isStuck()) return call.send(append);
    call.giveUp();
    return (await (this.#call ??= this.#open())).send(append);
  }

  #open(): Promise<WaitingCall> {
    const forget = () => {
      if (this.#call === opening) this.#call = undefined;
    };
    const opening = this.openCall().then((call) => new WaitingCall(call, forget));
    opening.catch(forget);
    return opening;
  }
}

class WaitingCall {
  readonly #waiting = new Map<string, Waiting>();
  #answeredAt = 0;
  #over = false;

  constructor(
    private readonly call: BatchCall,
    private readonly onOver: () => void,
  ) {
    call.on('data', (answer: BatchAppendResp) => this.#settle(answer));
    call.on('error', (cause) => this.#end(cause));
    // The server may end a call without an error. The answers that are still missing will not come then either.
    call.on('end', () => this.#end(undefined));
  }

  send(append: BatchAppend): Promise<Written> {
    return new Promise((resolve, reject) => {
      if (this.#over || this.#waiting.size >= WAITING_MAX) return reject(new AppError('STORE_UNAVAILABLE'));
      const correlationId = randomUUID();
      this.#waiting.set(correlationId, { sentAt: performance.now(), resolve, reject });
      return void this.call.write(encode(append, correlationId));
    });
  }

  isStuck(): boolean {
    const oldest: Waiting | undefined = this.#waiting.values().next().value;
    return (
      oldest !== undefined && performance.now() - Math.max(oldest.sentAt, this.#answeredAt) > STUCK_AFTER_MS
    );
  }

  giveUp(): void {
    this.call.cancel();
    this.#end(undefined);
  }

  #settle(answer: BatchAppendResp): void {
    const correlationId = answer.getCorrelationId()?.getString() ?? '';
    const waiting = this.#waiting.get(correlationId);
    this.#waiting.delete(correlationId);
    this.#answeredAt = performance.now();
    const success = answer.getSuccess();
    const position = success?.getPosition()?.getCommitPosition();
    if (success) waiting?.resolve({ revision: success.getCurrentRevision(), position });
    else waiting?.reject(refusal(answer.getError()));
  }

  #end(cause: Error | undefined): void {
    this.#over = true;
    this.onOver();
    const unknown = new AppError('STORE_UNAVAILABLE', { cause });
    for (const waiting of this.#waiting.values()) waiting.reject(unknown);
    this.#waiting.clear();
  }
}

function encode({ stream, expected, events }: BatchAppend, correlationId: string): BatchAppendReq {
  const options = new BatchAppendReq.Options();
  options.setStreamIdentifier(new StreamIdentifier().setStreamName(Buffer.from(stream)));
  // No deadline is sent. It would be a time of day, and a difference between the clocks would refuse every append. The
  // server uses its own write timeout, and our time limit is kept in this process.
  if (expected === 'any') options.setAny(new Empty());
  else if (expected === 'no stream') options.setNoStream(new Empty());
  else options.setStreamPosition(expected.revision);
  const request = new BatchAppendReq().setCorrelationId(new UUID().setString(correlationId));
  return request.setOptions(options).setProposedMessagesList(events.map(proposed)).setIsFinal(true);
}

function proposed({ id, type, data, metadata }: EncodedEvent): BatchAppendReq.ProposedMessage {
  const message = new BatchAppendReq.ProposedMessage().setId(new UUID().setString(id));
  message.getMetadataMap().set('type', type).set('content-type', 'application/json');
  return message.setData(data).setCustomMetadata(metadata);
}

function refusal(status: Status | undefined): AppError {
  const reason = status?.getDetails()?.getTypeName().replace('event_store.client.', '') ?? 'no reason';
  const cause = new Error(`EventStoreDB refused an append: ${reason}`);
  // A deleted stream has a tombstone, so no revision will ever fit.
  if (reason === 'WrongExpectedVersion' || reason === 'StreamDeleted')
    return new AppError('WRONG_REVISION', { cause });
  if (reason !== 'MaximumAppendSizeExceeded') return new AppError('STORE_UNAVAILABLE', { cause });
  const safeMessage = `An append holds at most ${APPEND_BYTES_MAX} bytes`;
  return new AppError('VALIDATION_FAILED', { cause, safeMessage });
}
