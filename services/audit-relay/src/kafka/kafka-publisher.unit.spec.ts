import {
  logLevel,
  type KafkaConfig as ClientOptions,
  type Message,
  type ProducerConfig,
  type RecordMetadata,
} from 'kafkajs';
import { createLogger } from '#libs/observability';
import type { AuditMessage } from '../audit/audit-publisher';
import { readAuditRelayConfig } from '../config';
import { KafkaPublisher } from './kafka-publisher';

/** What the client does with a send, one entry each; at the end it answers as it should. */
type Behaviour = (answers: RecordMetadata[]) => RecordMetadata[] | Promise<RecordMetadata[]>;
const behaviours: Behaviour[] = [];
const clients: ClientOptions[] = [];
const producers: { options: ProducerConfig; sends: number; connected: boolean }[] = [];

const partitionMetadata = [0, 1, 2].map((partitionId) => ({
  ...{ partitionId, partitionErrorCode: 0, leader: 1, replicas: [1], isr: [1] },
}));

function fakeProducer(options: ProducerConfig) {
  const partitionOf = options.createPartitioner?.();
  const producer = { options, sends: 0, connected: false };
  producers.push(producer);
  return {
    connect: async () => void (producer.connected = true),
    disconnect: async () => void (producer.connected = false),
    send: async ({ topic, messages }: { topic: string; messages: Message[] }) => {
      producer.sends += 1;
      const chosen = messages.map((message) => partitionOf?.({ topic, partitionMetadata, message }));
      const answers = [...new Set(chosen)].map((partition) => ({
        ...{ topicName: topic, partition: Number(partition), errorCode: 0 },
      }));
      return behaviours.shift()?.(answers) ?? answers;
    },
  };
}

jest.mock('kafkajs', () => ({
  ...jest.requireActual<object>('kafkajs'),
  Kafka: class {
    producer = fakeProducer;
    constructor(options: ClientOptions) {
      clients.push(options);
    }
  },
}));

const messages: AuditMessage[] = ['a', 'b', 'c', 'd', 'e', 'f'].map((key) => ({
  key,
  headers: {},
  body: '{}',
}));
const lines: string[] = [];

function publisherFor(settings: NodeJS.ProcessEnv = {}) {
  const kafka = readAuditRelayConfig({ KAFKA_BROKERS: 'localhost:9092', ...settings });
  const destination = { write: (line: string) => void lines.push(line) };
  return new KafkaPublisher(kafka, createLogger({ level: 'info', service: 'test', destination }));
}

describe('KafkaPublisher', () => {
  beforeEach(() => [behaviours, clients, producers, lines].forEach((list) => (list.length = 0)));

  it('does not believe a success that leaves out a partition', async () => {
    const publisher = publisherFor();
    behaviours.push((answers) => answers.slice(1));
    await expect(publisher.publish(messages)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await publisher.publish(messages);
  });

  it('uses no producer again that failed once, and one as long as it works', async () => {
    const publisher = publisherFor();
    await publisher.publish(messages);
    await publisher.publish(messages);
    behaviours.push(() => Promise.reject(new Error('canary')));
    await expect(publisher.publish(messages)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await publisher.publish(messages);
    expect(producers.map(({ sends, connected }) => [sends, connected])).toEqual([
      [3, false],
      [1, true],
    ]);
    expect(producers[1]?.options).toMatchObject({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
    });
    expect(lines.join('')).not.toContain('canary');
  });

  it('gives up a send that hangs when it is closed', async () => {
    const publisher = publisherFor();
    const hanging = new Promise<void>((resolve) => {
      behaviours.push(() => {
        resolve();
        return new Promise(() => undefined);
      });
    });
    const publishing = publisher.publish(messages);
    await hanging;
    await publisher.close();
    await expect(publishing).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(producers.map(({ connected }) => connected)).toEqual([false]);
  });

  it('says what the broker said, in the log, by its type', async () => {
    const publisher = publisherFor();
    const cause = Object.assign(new Error('canary'), { type: 'NOT_ENOUGH_REPLICAS' });
    behaviours.push(() => Promise.reject(new Error('canary', { cause })));
    await expect(publisher.publish(messages)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE', cause });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('NOT_ENOUGH_REPLICAS');
    expect(lines[0]).not.toContain('canary');
  });

  it('logs in with what is set, and over TLS', () => {
    publisherFor({
      ...{ KAFKA_TLS: 'on', KAFKA_SASL_MECHANISM: 'scram-sha-256' },
      ...{ KAFKA_SASL_USERNAME: 'relay', KAFKA_SASL_PASSWORD: 'secret' },
    });
    const sasl = { mechanism: 'scram-sha-256', username: 'relay', password: 'secret' };
    expect(clients[0]).toMatchObject({ ssl: true, sasl });
    publisherFor();
    expect(clients[1]).toMatchObject({ ssl: false });
    expect(clients[1]).not.toHaveProperty('sasl');
  });

  it('passes the client’s own errors on without their text', () => {
    publisherFor();
    const log = clients[0]?.logCreator?.(logLevel.ERROR);
    const entry = { level: logLevel.ERROR, label: 'ERROR' };
    const text = { timestamp: '', message: 'canary' };
    log?.({ ...entry, namespace: 'Producer', log: { ...text, broker: '10.0.0.1:9092', retryCount: 2 } });
    log?.({ ...entry, namespace: 'Connection', log: text });
    expect(lines).toHaveLength(1);
    const line = JSON.parse(lines[0] ?? '') as object;
    expect(line).toMatchObject({ component: 'kafka Producer', host: '10.0.0.1', port: 9092, attempt: 2 });
    expect(lines[0]).not.toContain('canary');
  });
});
