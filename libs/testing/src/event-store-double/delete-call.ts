import { randomUUID } from 'node:crypto';
import type { handleUnaryCall } from '@grpc/grpc-js';
import { Empty } from '@eventstore/db-client/generated/shared_pb';
import {
  DeleteReq,
  DeleteResp,
  TombstoneReq,
  TombstoneResp,
} from '@eventstore/db-client/generated/streams_pb';
import { writeMetadata, type Core } from './append';
import { serverError, streamName } from './append-call';
import { SOFT_DELETED } from './log';

/** `Delete`: hides the events; later appends go on with the old numbering. */
export function deleteCall({ log }: Core): handleUnaryCall<DeleteReq, DeleteResp> {
  return ({ request }, callback) => {
    const stream = streamName(request.getOptions() ?? new DeleteReq.Options());
    if (log.isTombstoned(stream)) return callback(serverError('stream-deleted', { 'stream-name': stream }));
    writeMetadata(log, stream, { ...log.metadata(stream), $tb: SOFT_DELETED });
    log.durable(() => callback(null, new DeleteResp().setNoPosition(new Empty())));
  };
}

/** `Tombstone`: the name is dead for ever. */
export function tombstoneCall({ log }: Core): handleUnaryCall<TombstoneReq, TombstoneResp> {
  return ({ request }, callback) => {
    const stream = streamName(request.getOptions() ?? new TombstoneReq.Options());
    if (log.isTombstoned(stream)) return callback(serverError('stream-deleted', { 'stream-name': stream }));
    const none = new Uint8Array();
    const event = {
      id: randomUUID(),
      type: '$streamDeleted',
      contentType: 'application/json',
      data: none,
      metadata: none,
    };
    log.write(stream, [event]);
    log.durable(() => callback(null, new TombstoneResp().setNoPosition(new Empty())));
  };
}
