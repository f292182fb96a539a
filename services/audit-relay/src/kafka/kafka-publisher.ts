import {
  Kafka,
  logLevel,
  Partitioners,
  type ICustomPartitioner,
  type Producer,
  type SASLOptions,
} from 'kafkajs';
import { AppError, withDeadline } from '#libs/kernel';
import type { Logger } from '#libs/observability';
import type { AuditMessage, AuditPublisher } from '../audit/audit-publisher';
import type { KafkaConfig } from '../config';
import { kafkaLogger } from './kafka-logger';
import { kafkaUnavailable } from './kafka-unavailable';

const CONNECT_TIMEOUT_MS = 5_000;
/** For one request. A slower broker counts as gone and is asked again. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Within one send, for a broker that restarts or a new leader: about three seconds. Then the caller sends again. */
const RETRY = { retries: 4, initialRetryTime: 200, multiplier: 2, maxRetryTime: 2_000 };
/** Longer than all attempts of a send together, so only a client that hangs reaches it. */
const CALL_TIMEOUT_MS = 60_000;
const CLOSE_TIMEOUT_MS = 2_000;
/** Brokers refuse more than 1 MiB in a batch for one partition, and a whole send may go to one. */
const SEND_BYTES_MAX = 768 * 1024;
/** The largest size of key, headers and what the protocol adds. */
const MESSAGE_OVERHEAD_BYTES = 1_024;
const DAY_MS = 24 * 60 * 60 * 1_000;

/**
 * Publishes to Kafka. It connects with the first call, so the brokers may start later.
 *
 * A producer that failed once is never used again. The broker recognises a repeated batch by its sequence number. After
 * an unknown outcome the broker and the producer may be at different numbers, so the broker could take the next batch
 * for a repetition and drop it. Within one send the client repeats the same batch.
 */
export class KafkaPublisher implements AuditPublisher {
  readonly #kafka: Kafka;
  #producer: Producer | undefined;
  /** The partitions that the send under way uses. */
  readonly #chosen = new Set<number>();
  /** Ends the wait for the send under way. */
  #giveUp: () => void = () => undefined;

  constructor(
    private readonly config: KafkaConfig,
    private readonly logger: Logger,
  ) {
    this.#kafka = new Kafka({
      brokers: [...config.brokers],
      clientId: config.clientId,
      ssl: config.tls,
      ...(config.sasl && { sasl: saslOptions(config.sasl) }),
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      retry: RETRY,
      logLevel: logLevel.ERROR,
      logCreator: kafkaLogger(logger),
    });
  }

  async ensureTopic(): Promise<void> {
    const { name, partitions, replication, minInsyncReplicas, retentionDays } = this.config.topic;
    const admin = this.#kafka.admin();
    const ensure = async () => {
      await admin.connect();
      // Asked first, because a user who may write to a topic need not be allowed to create one.
      if ((await admin.listTopics()).includes(name)) return;
      const configEntries = [
        { name: 'cleanup.policy', value: 'delete' },
        { name: 'retention.ms', value: String(retentionDays * DAY_MS) },
        { name: 'min.insync.replicas', value: String(minInsyncReplicas) },
      ];
      const topic = { topic: name, numPartitions: partitions, replicationFactor: replication, configEntries };
      await admin.createTopics({ topics: [topic], waitForLeaders: true });
    };
    try {
      await withDeadline(ensure(), CALL_TIMEOUT_MS, 'SERVICE_UNAVAILABLE');
    } catch (error) {
      throw kafkaUnavailable(error, this.logger);
    } finally {
      await disconnect(admin);
    }
  }

  async publish(messages: readonly AuditMessage[]): Promise<void> {
    for (const part of inParts(messages)) await this.#send(part);
  }

  async close(): Promise<void> {
    this.#giveUp();
    const producer = this.#producer;
    this.#producer = undefined;
    if (producer) await disconnect(producer);
  }

  async #send(messages: readonly AuditMessage[]): Promise<void> {
    const producer = (this.#producer ??= this.#newProducer());
    const sending = this.#attempt(producer, messages);
    const givenUp = new Promise<never>((_, reject) => {
      this.#giveUp = () => reject(new AppError('SERVICE_UNAVAILABLE'));
    });
    try {
      await withDeadline(Promise.race([sending, givenUp]), CALL_TIMEOUT_MS, 'SERVICE_UNAVAILABLE');
    } catch (error) {
      await this.close();
      // A send that was given up may connect once more before it ends.
      void sending.catch(() => undefined).finally(() => disconnect(producer));
      throw kafkaUnavailable(error, this.logger);
    }
  }

  async #attempt(producer: Producer, messages: readonly AuditMessage[]): Promise<void> {
    await producer.connect(); // does nothing when connected
    this.#chosen.clear();
    const answers = await producer.send({
      topic: this.config.topic.name,
      acks: -1,
      timeout: REQUEST_TIMEOUT_MS,
      messages: messages.map(({ key, headers, body }) => ({ key, headers: { ...headers }, value: body })),
    });
    // When a partition changes its leader in the middle of a send, the client may forget that partition's
    // messages and report success for the rest.
    const answered = new Set(answers.map(({ partition }) => partition));
    for (const partition of this.#chosen)
      if (!answered.has(partition)) throw new Error('A partition has not answered');
  }

  #newProducer(): Producer {
    const partitioner: ICustomPartitioner = () => {
      const choose = Partitioners.DefaultPartitioner();
      return (message) => {
        const partition = choose(message);
        this.#chosen.add(partition);
        return partition;
      };
    };
    return this.#kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: partitioner,
    });
  }
}

/** Splits the messages, in order, into sends that a broker accepts. */
function inParts(messages: readonly AuditMessage[]): AuditMessage[][] {
  const parts: AuditMessage[][] = [];
  let bytes = SEND_BYTES_MAX;
  for (const message of messages) {
    const size = Buffer.byteLength(message.body) + MESSAGE_OVERHEAD_BYTES;
    if (bytes + size > SEND_BYTES_MAX) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(message);
    bytes += size;
  }
  return parts;
}

function saslOptions({ mechanism, username, password }: NonNullable<KafkaConfig['sasl']>): SASLOptions {
  return { mechanism, username, password: password.expose() };
}

/** Disconnecting waits for all answers, which takes long when a broker hangs, so this limits the time. */
async function disconnect(client: { disconnect(): Promise<void> }): Promise<void> {
  await withDeadline(client.disconnect(), CLOSE_TIMEOUT_MS, 'SERVICE_UNAVAILABLE').catch(() => undefined);
}
