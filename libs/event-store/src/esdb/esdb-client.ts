import { EventStoreDBClient } from '@eventstore/db-client';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb';
import { BatchAppender } from './batch-appender';
import type { EsdbSettings } from './esdb-url';

/** The vendor's client with our own batch append. */
export class EsdbClient extends EventStoreDBClient {
  readonly appender = new BatchAppender(
    this.GRPCStreamCreator(StreamsClient, 'batchAppend', (streams) =>
      streams.batchAppend(...this.callArguments({}, { deadline: Infinity })),
    ),
  );

  /**
   * True once this client was cut off. A read that was under way may then have been cut short, because the client takes
   * its own cancellation for the end of the read and reports no error.
   */
  isDisconnected = false;

  /** Ends the connection and every call on it. Waiting appends are rejected; reads and subscriptions end. */
  async disconnect(): Promise<void> {
    this.isDisconnected = true;
    // Not awaited, because it cancels at once and then waits for calls that may never end.
    void this.dispose();
    const channel = await this.getChannel();
    channel.close();
  }
}

/**
 * Makes a client. A different `generation` gives it a connection of its own. grpc-js shares connections, and the wait
 * after a failure (up to 120 s), between all channels with the same options. The client cannot turn that off, so the
 * keep-alive interval differs by some milliseconds.
 */
export function createEsdbClient(
  { connection, channel, credentials }: EsdbSettings,
  generation: number,
): EsdbClient {
  const keepAliveInterval = (connection.keepAliveInterval ?? 0) + (generation % 100);
  /* eslint-disable no-console -- the client prints */
  const { warn } = console;
  // The client prints a warning for a keep-alive below 10 s whenever it is created. The short interval is intended.
  console.warn = () => undefined;
  try {
    // The overloads of the constructor take three kinds of settings one by one. It also takes their union.
    return new EsdbClient({ ...connection, keepAliveInterval } as never, channel, credentials);
  } finally {
    console.warn = warn;
    /* eslint-enable no-console */
  }
}
