import { randomUUID } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';

interface AuditRecord {
  /** The id of the event. */
  readonly id: string;
  readonly key: string;
}

/** Reads a topic from its beginning until `enough` gives true or `msMax` has passed. Gives the records in order. */
export async function readTopic(
  { brokers, topic }: { readonly brokers: string; readonly topic: string },
  { enough, msMax }: { enough: (records: readonly AuditRecord[]) => boolean; msMax: number },
): Promise<AuditRecord[]> {
  const kafka = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: `reader-${randomUUID()}`, sessionTimeout: 10_000 });
  const records: AuditRecord[] = [];
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, msMax);
      const eachMessage = async ({ message }: { message: { key: Buffer | null; headers?: object } }) => {
        const { ce_id: id } = (message.headers ?? {}) as Record<string, Buffer | undefined>;
        records.push({ id: String(id), key: String(message.key) });
        if (!enough(records)) return;
        clearTimeout(timer);
        resolve();
      };
      consumer.run({ eachMessage }).catch(reject);
    });
    return records;
  } finally {
    await consumer.disconnect();
  }
}
