import { EventStoreDBClient } from '@eventstore/db-client';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb';
import { BatchAppender } from './batch-appender';
import type { EsdbSettings } from './esdb-url';

/** The vendor's client, extended where it is open to subclasses: by a batch append that is our own. */
export class EsdbClient extends EventStoreDBClient {
  readonly appender = new BatchAppender(
    this.GRPCStreamCreator(StreamsClient, 'batchAppend', (streams) =>
      streams.batchAppend(...this.callArguments({}, { deadline: Infinity })),
    ),
  );

  #disconnected = false;

  /**
   * From here on a read of this client may have been cut short: the client takes its own cancellation for
   * the end of the read, and reports no error.
   */
  get disconnected(): boolean {
    return this.#disconnected;
  }

  /** Ends every call and the connection: appends that wait are rejected, reads and subscriptions end. */
  async disconnect(): Promise<void> {
    this.#disconnected = true;
    // Not awaited: it cancels at once, and then waits for calls that may never end.
    void this.dispose();
    const channel = await this.getChannel();
    channel.close();
  }
}

/**
 * `generation` makes the connection a new one: grpc-js shares connections, and the waiting time after a
 * failure (up to 120 s), between all channels with the same options. The client has no option to turn
 * that off, so the keep-alive interval differs by some milliseconds.
 */
export function createEsdbClient(
  { connection, channel, credentials }: EsdbSettings,
  generation: number,
): EsdbClient {
  const keepAliveInterval = (connection.keepAliveInterval ?? 0) + (generation % 100);
  /* eslint-disable no-console -- it is the client that prints */
  const { warn } = console;
  // It warns on the console of a keep-alive below 10 s, at each reconnection anew. We mean it.
  console.warn = () => undefined;
  try {
    // The constructor's overloads tell three kinds of settings apart; it takes their union as well.
    return new EsdbClient({ ...connection, keepAliveInterval } as never, channel, credentials);
  } finally {
    console.warn = warn;
    /* eslint-enable no-console */
  }
}
