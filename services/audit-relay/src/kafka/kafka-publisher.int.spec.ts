import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { ConfigResourceTypes, Kafka, logLevel, type KafkaMessage } from 'kafkajs';
import { eventMetadata, openEventStore, type EventStore, type RecordedEvent } from '#libs/event-store';
import { accessStream, secretStream } from '#libs/events';
import { newCommandId, newId } from '#libs/kernel';
import { createLogger } from '#libs/observability';
import { openReadStore, type ReadStore } from '#libs/read-store';
import { enginesInstalled, startKafka } from '../../../../scripts/engines/index.cjs';
import { until as untilFits } from '../../../../test/e2e/until';
import type { AuditMessage, AuditPublisher } from '../audit/audit-publisher';
import { AuditRelay } from '../audit/audit-relay';
import { readAuditRelayConfig, type KafkaConfig } from '../config';
import { KafkaPublisher } from './kafka-publisher';

// Any broker will do for the first group; the second needs one of its own to stop, which the engines of
// scripts/engines provide.
const given = process.env['TEST_KAFKA_BROKERS'];
const onKafka = given !== undefined || enginesInstalled() ? describe : describe.skip;
const onOwnKafka = enginesInstalled() ? describe : describe.skip;

const until = (condition: () => boolean | Promise<boolean>) =>
  untilFits(async () => condition(), Boolean, 60_000);
const canary = 'canary-c0ffee';
const sealed = { envelope: Buffer.from(canary).toString('base64'), dataKeyId: `${canary}-key` };
const lines: string[] = [];
const destination = { write: (line: string) => void lines.push(line) };
const logger = createLogger({ level: 'info', service: 'audit-relay', destination });

let broker: Awaited<ReturnType<typeof startKafka>>;
let brokers: string;
let folder: string;
let events: EventStore;
let reads: ReadStore;
let config: KafkaConfig;
const opened: (() => Promise<void>)[] = [];

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'kafka-publisher-'));
  if (enginesInstalled()) broker = await startKafka({ dataDir: folder });
  brokers = given ?? broker.brokers;
}, 90_000);

afterAll(async () => {
  if (enginesInstalled()) await broker.kill();
  rmSync(folder, { recursive: true });
});

beforeEach(async () => {
  const name = path.join(folder, randomUUID());
  events = await openEventStore(`sqlite:${name}-events.db`);
  reads = await openReadStore(`sqlite:${name}-relay.db`);
  config = configFor(brokers);
});

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
  await reads.close();
  await events.close();
});

/** A topic of its own for every test. */
function configFor(KAFKA_BROKERS: string, settings: NodeJS.ProcessEnv = {}): KafkaConfig {
  return readAuditRelayConfig({
    KAFKA_BROKERS,
    KAFKA_TOPIC_PREFIX: `test-${randomUUID()}`,
    KAFKA_TOPIC_PARTITIONS: '4',
    KAFKA_TOPIC_REPLICATION: '1',
    KAFKA_MIN_INSYNC_REPLICAS: '1',
    ...settings,
  });
}

function publisherFor(kafka: KafkaConfig): AuditPublisher {
  const publisher = new KafkaPublisher(kafka, logger);
  opened.push(() => publisher.close());
  return publisher;
}

/** The whole service, as its main file starts it. */
async function startRelay(): Promise<{ relay: AuditRelay; stop: () => Promise<void> }> {
  const publisher = new KafkaPublisher(config, logger);
  const relay = new AuditRelay({ logger, events, reads, publisher });
  relay.start();
  let stopping: Promise<void> | undefined;
  const stop = () => (stopping ??= relay.stop().then(() => publisher.close()));
  opened.push(stop);
  return { relay, stop };
}

const caller = { orgId: newId('org', new Date()), actorType: 'api-key', actorId: 'key_1' };
const { orgId } = caller;

/** One write and one reading of each secret; the secret's stream and the access stream share the message key. */
async function useSecrets(secretIds: readonly string[], version: number): Promise<void> {
  const at = new Date().toISOString();
  const metadata = () =>
    eventMetadata({
      caller,
      commandId: newCommandId(new Date()),
      correlationId: 'req-1',
      at,
      producer: 'test',
    });
  await Promise.all(
    secretIds.map(async (secretId) => {
      const secret = {
        ...{ id: secretId, name: 'STRIPE_SECRET', description: canary, tags: ['prod'], version },
        ...{ insertedAt: at, updatedAt: at, expiresAt: null },
      };
      const write =
        version === 1
          ? { type: 'SecretCreated', data: { secret, sealed } }
          : { type: 'SecretUpdated', data: { secret, sealed, reason: 'value' } };
      const expected = version === 1 ? 'no stream' : { revision: String(version - 2) };
      const stream = secretStream(orgId, secretId);
      await events.append({ orgId, stream, events: [write], expected, metadata: metadata() } as const);
      const data = { secretId, version, readAt: at, address: '192.0.2.7', userAgent: 'curl/8.5.0' };
      const read = { type: 'SecretRead', data };
      const access = { stream: accessStream(orgId, at), expected: 'any' as const };
      await events.append({ orgId, ...access, events: [read], metadata: metadata() });
    }),
  );
}

/** Writes and reads until it is stopped. */
function load(secrets: number): { stop: () => Promise<void> } {
  const ids = Array.from({ length: secrets }, () => newId('sec', new Date()));
  const stopping = new AbortController();
  const running = (async () => {
    for (let version = 1; !stopping.signal.aborted; version += 1) {
      await useSecrets(ids, version);
      await delay(20);
    }
  })();
  const stop = () => {
    stopping.abort();
    return running;
  };
  opened.push(stop);
  return { stop };
}

async function theLog(): Promise<RecordedEvent[]> {
  const log: RecordedEvent[] = [];
  const { signal } = new AbortController();
  for await (const batch of events.subscribe({ after: null, categories: [], types: [], signal })) {
    log.push(...batch.events);
    if (batch.caughtUp) break;
  }
  return log;
}

/** Everything on the topic, partition by partition, in its order there. */
async function theTopic(kafka = config): Promise<(KafkaMessage & { partition: number })[]> {
  const client = new Kafka({ brokers: [...kafka.brokers], logLevel: logLevel.NOTHING });
  const admin = client.admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(kafka.topic.name);
  await admin.disconnect();
  const total = offsets.reduce((sum, { high }) => sum + Number(high), 0);
  const messages: (KafkaMessage & { partition: number })[] = [];
  const consumer = client.consumer({ groupId: randomUUID(), maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic: kafka.topic.name, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message, partition }) => void messages.push({ ...message, partition }),
  });
  await until(() => messages.length >= total);
  await consumer.disconnect();
  return messages;
}

const header = ({ headers }: KafkaMessage, name: string) => String(headers?.[name]);

/** Every audit id at least once; the first copies of a key in the order of the log. */
async function expectWholeTrail(): Promise<void> {
  const topic = await theTopic();
  const log = await theLog();
  const byKey = new Map<string, { log: string[]; topic: Set<string> }>();
  for (const event of log) {
    const data = event.data as unknown as { secretId?: string; secret?: { id: string } };
    const key = `${orgId}/${String(data.secretId ?? data.secret?.id)}`;
    const entry = byKey.get(key) ?? { log: [], topic: new Set() };
    byKey.set(key, entry);
    entry.log.push(event.id);
  }
  for (const message of topic) byKey.get(String(message.key))?.topic.add(header(message, 'ce_id'));
  for (const entry of byKey.values()) expect([...entry.topic]).toEqual(entry.log);
  expect(new Set(topic.map((message) => header(message, 'ce_id'))).size).toBe(log.length);
  const places = new Set(topic.map(({ key, partition }) => `${String(key)} in ${partition}`));
  expect(places.size).toBe(byKey.size);
}

const caughtUp = (relay: AuditRelay) =>
  until(async () => relay.status().state === 'live' && relay.status().position === (await events.head()));

onKafka('KafkaPublisher', () => {
  it('makes the topic with its settings, and leaves one that is there as it is', async () => {
    await publisherFor(config).ensureTopic();
    const other = { ...config, topic: { ...config.topic, partitions: 8, retentionDays: 1 } };
    await publisherFor(other).ensureTopic();
    const admin = new Kafka({ brokers: [...config.brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const { topics } = await admin.fetchTopicMetadata({ topics: [config.topic.name] });
    const resource = { type: ConfigResourceTypes.TOPIC, name: config.topic.name };
    const described = await admin.describeConfigs({ resources: [resource], includeSynonyms: false });
    await admin.disconnect();
    const entries = described.resources[0]?.configEntries ?? [];
    const settings = Object.fromEntries(entries.map((entry) => [entry.configName, entry.configValue]));
    expect(topics[0]?.partitions).toHaveLength(4);
    expect(settings).toMatchObject({
      'cleanup.policy': 'delete',
      'retention.ms': String(30 * 24 * 60 * 60 * 1000),
      'min.insync.replicas': '1',
    });
  });

  it('says so when the topic cannot be made, and why in the log', async () => {
    const publisher = publisherFor(configFor(brokers, { KAFKA_TOPIC_REPLICATION: '7' }));
    await expect(publisher.ensureTopic()).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(lines.at(-1)).toContain('INVALID_REPLICATION_FACTOR');
  });

  it('fails in time without a topic, and publishes once it is there', async () => {
    const publisher = publisherFor(config);
    const message: AuditMessage = { key: 'a', headers: { ce_id: '1' }, body: '{}' };
    await expect(publisher.publish([message])).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await publisher.ensureTopic();
    await publisher.publish([message]);
    expect((await theTopic()).map(({ value }) => String(value))).toEqual(['{}']);
  }, 60_000);

  it('sends more than a broker takes at once in parts, in order', async () => {
    const publisher = publisherFor(config);
    await publisher.ensureTopic();
    const body = JSON.stringify({ text: 'x'.repeat(5_000) });
    const messages = Array.from({ length: 600 }, (_, index) => ({
      key: 'one',
      headers: { ce_id: String(index) },
      body,
    }));
    await publisher.publish(messages);
    const ids = (await theTopic()).map((message) => header(message, 'ce_id'));
    expect(ids).toEqual(messages.map(({ headers }) => headers.ce_id));
  }, 60_000);

  it('carries every golden event, and nothing that must stay inside', async () => {
    const golden = path.join(__dirname, '../../../../test/fixtures/events');
    for (const file of readdirSync(golden)) {
      const event = JSON.parse(readFileSync(path.join(golden, file), 'utf8')) as RecordedEvent;
      const { type, data, metadata } = event;
      const stream = `golden-${metadata.orgId}.${file}`;
      const request = { orgId: metadata.orgId, stream, expected: 'no stream', metadata } as const;
      await events.append({ ...request, events: [{ type, data }] });
    }
    const secretId = newId('sec', new Date());
    await useSecrets([secretId], 1);
    const { relay } = await startRelay();
    await caughtUp(relay);
    const topic = await theTopic();
    const isPrivate = ['SecretCreationAbandoned', 'SecretNameClaimed', 'SecretNameReleased'];
    const told = (await theLog()).filter(({ type }) => !isPrivate.includes(type));
    expect(topic).toHaveLength(told.length);
    for (const event of told) {
      const message = topic.find((candidate) => header(candidate, 'ce_id') === event.id);
      expect(Object.keys(message?.headers ?? {}).sort()).toEqual([
        ...['ce_id', 'ce_source', 'ce_specversion', 'ce_subject', 'ce_time', 'ce_type', 'content-type'],
      ]);
      expect(String(message?.key).split('/')[0]).toBe(event.metadata.orgId);
      expect(JSON.parse(String(message?.value))).toMatchObject({ organization_id: event.metadata.orgId });
    }
    const everything = topic.map(({ key, value, headers }) =>
      [String(key), String(value), ...Object.values(headers ?? {}).map(String)].join(' '),
    );
    const encodings = [
      canary,
      ...(['base64', 'hex'] as const).map((encoding) => Buffer.from(canary).toString(encoding)),
      Buffer.from(canary, 'utf16le').toString('latin1'),
    ];
    const inside = [...encodings, 'U1YB', '000102030405060708090a0b', 'abababab', 'description'];
    for (const text of inside) expect(everything.filter((message) => message.includes(text))).toEqual([]);
  }, 60_000);

  it('loses nothing when the relay stops and starts under load', async () => {
    const first = await startRelay();
    const { stop } = load(10);
    await until(() => first.relay.status().published > 200);
    await first.stop();
    const second = await startRelay();
    await until(() => second.relay.status().published > 200);
    await stop();
    await caughtUp(second.relay);
    await expectWholeTrail();
  }, 90_000);

  it('hands over from one relay to the other', async () => {
    const first = await startRelay();
    await until(() => first.relay.status().state === 'live');
    const second = await startRelay();
    const { stop } = load(10);
    await until(() => first.relay.status().published > 200);
    expect(second.relay.status().published).toBe(0);
    await first.stop();
    await until(() => second.relay.status().published > 200);
    await stop();
    await caughtUp(second.relay);
    await expectWholeTrail();
  }, 90_000);
});

/** The example that other teams copy, as a process of its own. */
function startConsumer(group: string): { ids: string[]; kill: () => Promise<void> } {
  const script = path.join(__dirname, '../../../../examples/audit-consumer/audit-consumer.mjs');
  const settings = { KAFKA_BROKERS: brokers, KAFKA_TOPIC: config.topic.name, KAFKA_GROUP: group };
  const env = { ...settings, AUDIT_DB: path.join(folder, `${config.topic.name}.db`) };
  const child = spawn(process.execPath, [script], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const ids: string[] = [];
  createInterface(child.stdout).on('line', (line) => ids.push((JSON.parse(line) as { id: string }).id));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const kill = () => {
    child.kill('SIGKILL');
    return ended;
  };
  opened.push(kill);
  return { ids, kill };
}

onKafka('examples/audit-consumer', () => {
  it('takes each event once, whatever is published again and whoever is killed', async () => {
    const publisher = publisherFor(config);
    await publisher.ensureTopic();
    const messages = Array.from({ length: 50 }, (_, index) => ({
      key: `org/sec_${index % 5}`,
      headers: { ce_id: `event-${index}`, ce_type: 't', ce_source: 's', ce_subject: 's', ce_time: 't' },
      body: '{}',
    }));
    await publisher.publish(messages.slice(0, 20));
    await publisher.publish(messages.slice(10, 30));
    const first = startConsumer('first');
    await until(() => first.ids.length === 30);
    await first.kill();
    await publisher.publish(messages.slice(0, 40));
    // A group that the brokers do not know reads everything from the beginning.
    const second = startConsumer('second');
    await until(() => second.ids.length === 10);
    await publisher.publish(messages.slice(30));
    await until(() => second.ids.length === 20);
    const ids = [...first.ids, ...second.ids];
    expect([...ids].sort()).toEqual(messages.map(({ headers }) => headers.ce_id).sort());
    const ofOneKey = messages.map(({ headers }) => headers.ce_id).filter((_, index) => index % 5 === 0);
    expect(ids.filter((id) => ofOneKey.includes(id))).toEqual(ofOneKey);
  }, 90_000);
});

onOwnKafka('KafkaPublisher on a broker that fails', () => {
  beforeEach(() => {
    config = configFor(broker.brokers);
  });
  afterEach(() => broker.resume());

  it('loses nothing when the broker is killed under load and comes back', async () => {
    const { relay } = await startRelay();
    const writing = load(10);
    await until(() => relay.status().published > 200);
    await broker.kill();
    await until(() => relay.status().state === 'retrying');
    expect(relay.status()).toMatchObject({ lastError: 'SERVICE_UNAVAILABLE' });
    const before = Number(await events.head());
    // Writing does not notice.
    await until(async () => Number(await events.head()) > before + 200);
    expect(relay.status().waitingSince).not.toBeNull();
    await broker.restart();
    await until(() => relay.status().state === 'live');
    await writing.stop();
    await caughtUp(relay);
    await expectWholeTrail();
    expect(lines.join('')).not.toContain(canary);
  }, 180_000);

  it('waits for a broker that hangs for three seconds', async () => {
    const { relay } = await startRelay();
    const writing = load(10);
    await until(() => relay.status().published > 200);
    broker.pause();
    await delay(3_000);
    const published = relay.status().published;
    broker.resume();
    await until(() => relay.status().published > published + 200);
    await writing.stop();
    await caughtUp(relay);
    await expectWholeTrail();
  }, 120_000);

  it('stops in time while the broker hangs, and goes on afterwards', async () => {
    const first = await startRelay();
    const writing = load(10);
    await until(() => first.relay.status().published > 200);
    broker.pause();
    const head = await events.head();
    await until(async () => (await events.head()) !== head);
    const started = performance.now();
    await first.stop();
    expect(performance.now() - started).toBeLessThan(10_000);
    await writing.stop();
    broker.resume();
    const second = await startRelay();
    await caughtUp(second.relay);
    await expectWholeTrail();
  }, 120_000);

  it('starts without a broker, and publishes when there is one', async () => {
    await broker.kill();
    await useSecrets([newId('sec', new Date())], 1);
    const { relay } = await startRelay();
    await until(() => relay.status().state === 'retrying');
    await broker.restart();
    await caughtUp(relay);
    await expectWholeTrail();
  }, 120_000);
});
