/* eslint-disable no-console -- stdout is this program's output */
import { Kafka, logLevel } from 'kafkajs';
import Database from 'libsql';

const env = (name, fallback) => process.env[name] || fallback;
const topic = env('KAFKA_TOPIC', 'hklst.secrets.audit.v1');
const mechanism = env('KAFKA_SASL_MECHANISM');

// The events seen so far. The primary key makes a repeated delivery harmless, whichever side has crashed.
const db = new Database(env('AUDIT_DB', './audit.db'));
db.exec(`
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS audit_events (
    id TEXT PRIMARY KEY, type TEXT NOT NULL, source TEXT NOT NULL, subject TEXT NOT NULL, time TEXT NOT NULL,
    data TEXT NOT NULL
  ) WITHOUT ROWID;
`);
const insert = db.prepare('INSERT INTO audit_events VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING');

/** Stores the events of a batch, all or none, flushed to disk, and gives those that are new. */
const storeNew = db.transaction((events) =>
  events.filter(({ id, type, source, subject, time, data }) => {
    const { changes } = insert.run(id, type, source, subject, time, JSON.stringify(data));
    return changes > 0;
  }),
);

const kafka = new Kafka({
  clientId: 'audit-consumer',
  brokers: env('KAFKA_BROKERS', 'localhost:9092').split(','),
  ssl: env('KAFKA_TLS', 'off') === 'on',
  ...(mechanism && {
    sasl: { mechanism, username: env('KAFKA_SASL_USERNAME'), password: env('KAFKA_SASL_PASSWORD') },
  }),
  logLevel: logLevel.ERROR,
});
const consumer = kafka.consumer({
  groupId: env('KAFKA_GROUP', 'audit-consumer'),
  allowAutoTopicCreation: false,
});

// After an error that cannot be retried, kafkajs stops the consumer for good, but not the process. Exit, so that a
// supervisor starts the process again.
consumer.on(consumer.events.CRASH, ({ payload }) => {
  if (payload.restart) return;
  console.error(`audit-consumer: ${payload.error.name}: ${payload.error.message}`);
  process.exit(1);
});

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await consumer.disconnect();
    db.close();
    process.exit(0);
  });
}

await consumer.connect();
// By default a new group, or one whose offsets have expired, begins with the latest message, and would miss events.
await consumer.subscribe({ topic, fromBeginning: true });
await consumer.run({
  autoCommit: false,
  eachBatch: async ({ batch, heartbeat, isRunning, isStale }) => {
    if (!isRunning() || isStale()) return;
    const events = storeNew(batch.messages.map(toEvent));
    for (const event of events) console.log(JSON.stringify(event));
    // Commit only after the events are stored and printed, because committed messages are not delivered again.
    const offset = String(BigInt(batch.lastOffset()) + 1n);
    await consumer.commitOffsets([{ topic, partition: batch.partition, offset }]);
    await heartbeat();
  },
});

/** A CloudEvent in binary mode: its attributes are headers, its data is the body. */
function toEvent({ headers, value }) {
  const attribute = (name) => String(headers[`ce_${name}`]);
  return {
    id: attribute('id'),
    type: attribute('type'),
    source: attribute('source'),
    subject: attribute('subject'),
    time: attribute('time'),
    data: JSON.parse(value),
  };
}
