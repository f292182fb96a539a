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
/** One request: a broker that is slower is taken for gone, and asked again. */
const REQUEST_TIMEOUT_MS = 10_000;
/** Within one send, for a broker that restarts or loses the lead: about three seconds. The caller goes on from there. */
const RETRY = { retries: 4, initialRetryTime: 200, multiplier: 2, maxRetryTime: 2_000 };
/** Longer than all attempts of a send together: only a client that hangs meets it. */
const CALL_TIMEOUT_MS = 60_000;
const CLOSE_TIMEOUT_MS = 2_000;
/** Brokers refuse a larger batch per partition than 1 MiB, and a send may all go to one. */
const SEND_BYTES_MAX = 768 * 1024;
/** Key, headers and what the protocol adds, at most. */
const MESSAGE_OVERHEAD_BYTES = 1_024;
const DAY_MS = 24 * 60 * 60 * 1_000;

/** Publishes to Kafka. Connects with the first call: the brokers may come up later. */
export function createKafkaPublisher(config: KafkaConfig, logger: Logger): AuditPublisher {
  return new KafkaPublisher(config, logger);
}

/**
 * A producer that failed once is never used again. The broker recognises a repeated batch by its number in the
 * producer's own sequence, and after an unknown outcome the two may count differently: the next batch, another
 * one, could then be dropped as a repetition of the last. Within one send the client repeats the same batch.
 */
class KafkaPublisher implements AuditPublisher {
  readonly #kafka: Kafka;
  #producer: Producer | undefined;
  /** The partitions of the send under way. */
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
      // Asked first: whoever may write to a topic need not be allowed to create one.
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
      // What was given up may connect once more before it ends.
      void sending.catch(() => undefined).finally(() => disconnect(producer));
      throw kafkaUnavailable(error, this.logger);
    }
  }

  async #attempt(producer: Producer, messages: readonly AuditMessage[]): Promise<void> {
    await producer.connect(); // does nothing where a connection stands
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

/** The messages in sends that a broker takes, in order. */
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

/** A client waits for every answer it is owed before it lets go; a broker that hangs owes them for long. */
async function disconnect(client: { disconnect(): Promise<void> }): Promise<void> {
  await withDeadline(client.disconnect(), CLOSE_TIMEOUT_MS, 'SERVICE_UNAVAILABLE').catch(() => undefined);
}
