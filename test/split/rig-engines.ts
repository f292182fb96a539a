import { createHash } from 'node:crypto';
import path from 'node:path';
import { startEventStore, startKafka, startMongo, type Engine } from '../../scripts/engines/index.cjs';

type EventStore = Awaited<ReturnType<typeof startEventStore>>;
type Mongo = Awaited<ReturnType<typeof startMongo>>;
type Kafka = Awaited<ReturnType<typeof startKafka>>;

/** The engines of one rig. A shared engine is undefined, because this rig must not kill it. */
export interface RigEngines {
  readonly eventStore: EventStore;
  readonly mongo: Mongo | undefined;
  readonly kafka: Kafka | undefined;
  /** The settings with which services connect to the engines. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Starts the engines on the data that an earlier rig has left in `dataDir`. Unless `isOwn`, rigs share MongoDB and
 * Kafka, whose start takes seconds, and each rig has its own names of databases and topics.
 */
export async function startEngines(dataDir: string, isOwn: boolean): Promise<RigEngines> {
  const eventStore = await startEventStore({ dataDir: path.join(dataDir, 'event-store') });
  const shared = { mongo: process.env['TEST_MONGODB_URL'], kafka: process.env['TEST_KAFKA_BROKERS'] };
  const mongo =
    isOwn || !shared.mongo ? await startMongo({ dataDir: path.join(dataDir, 'mongo') }) : undefined;
  const kafka =
    isOwn || !shared.kafka ? await startKafka({ dataDir: path.join(dataDir, 'kafka') }) : undefined;
  const name = `hklst-${createHash('sha256').update(dataDir).digest('hex').slice(0, 12)}`;
  const database = (suffix: string) =>
    (mongo?.url ?? shared.mongo ?? '').replace(/^(mongodb:\/\/[^/?]+)\/?/, `$1/${name}${suffix}`);
  return {
    eventStore,
    mongo,
    kafka,
    env: {
      EVENT_STORE_URL: eventStore.url,
      READ_STORE_URL: database(''),
      KEY_STORE_URL: database('-keys'),
      KAFKA_BROKERS: kafka?.brokers ?? shared.kafka ?? '',
      KAFKA_TOPIC_PREFIX: name,
      KAFKA_TOPIC_PARTITIONS: '1',
      KAFKA_TOPIC_REPLICATION: '1',
      KAFKA_MIN_INSYNC_REPLICAS: '1',
    },
  };
}

export async function endEngines({ eventStore, mongo, kafka }: RigEngines): Promise<void> {
  const engines: (Engine | undefined)[] = [eventStore, mongo, kafka];
  await Promise.all(engines.map(async (engine) => engine?.kill()));
}
