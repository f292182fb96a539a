// Measures an EventStoreDB server with its own client alone: `node bench/bare-client.mjs URL KIND SECONDS`. KIND is
// append (one event of the size of a changed value, at an exact revision) or read (a stream of three events).
import { randomBytes, randomUUID } from 'node:crypto';
import { EventStoreDBClient, jsonEvent, NO_STREAM } from '@eventstore/db-client';

const IN_FLIGHT = 32;
const STREAMS_TO_READ = 500;
const WARM_UP_SECONDS = 2;

const [url, kind, seconds] = process.argv.slice(2);
const client = EventStoreDBClient.connectionString(url);
const run = randomUUID();

const kinds = {
  append: async () => {
    const revisions = new Array(IN_FLIGHT).fill(NO_STREAM);
    return async (worker) => {
      const options = { expectedRevision: revisions[worker] };
      const { nextExpectedRevision } = await client.appendToStream(`bare-${run}.${worker}`, event(), options);
      revisions[worker] = nextExpectedRevision;
    };
  },
  read: async () => {
    const streams = Array.from({ length: STREAMS_TO_READ }, (_, n) => `bare-${run}.read.${n}`);
    const three = () => [event(), event(), event()];
    for (const stream of streams)
      await client.appendToStream(stream, three(), { expectedRevision: NO_STREAM });
    let next = 0;
    return async () => {
      const events = [];
      for await (const resolved of client.readStream(streams[next++ % streams.length])) events.push(resolved);
      if (events.length !== 3) throw new Error(`A stream has ${events.length} events instead of 3`);
    };
  },
};

const work = await kinds[kind]();
await load(work, WARM_UP_SECONDS);
console.log(`RESULT ${JSON.stringify(await load(work, Number(seconds)))}`);
await client.dispose();
process.exit(0);

/** Keeps IN_FLIGHT calls under way for a time. Gives the calls a second and their latencies. */
async function load(call, duration) {
  const took = [];
  const began = performance.now();
  const until = began + duration * 1000;
  const worker = async (_, index) => {
    while (performance.now() < until) {
      const started = performance.now();
      await call(index);
      took.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
  const elapsed = (performance.now() - began) / 1000;
  took.sort((a, b) => a - b);
  const quantile = (share) => took[Math.floor(share * (took.length - 1))];
  return { perSecond: took.length / elapsed, p50Ms: quantile(0.5), p99Ms: quantile(0.99) };
}

/** Makes an event as large as that of a changed value, of a type that nobody reads. */
function event() {
  const at = new Date().toISOString();
  const id = 'sec_06h0nwd7qsrf5ahb8a6rdsn01g';
  const secret = { id, name: 'STRIPE_WEBHOOK_SECRET', description: null, tags: ['bench'], version: 2 };
  const times = { insertedAt: at, updatedAt: at, expiresAt: null };
  const sealed = { envelope: randomBytes(100).toString('base64'), dataKeyId: randomUUID() };
  const caller = { orgId: 'org_06h0nwd7qsrf5ahb8a6rdsn01g', actorType: 'key', actorId: id };
  const trace = { commandId: randomUUID(), $correlationId: randomUUID(), $causationId: randomUUID() };
  return jsonEvent({
    type: 'BareAppended',
    data: { secret: { ...secret, ...times }, sealed, reason: 'value' },
    metadata: { ...caller, ...trace, schemaVersion: '1', occurredAt: at, producer: 'bench' },
  });
}
