import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newCommandId } from '#libs/kernel';
import { eventMetadata } from '../event-metadata';
import type { AppendRequest, EventStore, EventStoreOptions, RecordedEvent } from '../event-store';
import { eventStoreContract } from '../event-store.contract';
import { openSqliteEventStore } from './sqlite-event-store';

eventStoreContract('SqliteEventStore', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'event-store-'));
  const open = () => openSqliteEventStore(join(directory, 'log.sqlite'));
  const opened = {
    store: await open(),
    async reopen() {
      await opened.store.close();
      return (opened.store = await open());
    },
    async close() {
      await opened.store.close();
      rmSync(directory, { recursive: true });
    },
  };
  return opened;
});

describe('openSqliteEventStore', () => {
  let directory: string;
  let file: string;
  let store: EventStore | undefined;

  const open = async (options?: EventStoreOptions) => (store = await openSqliteEventStore(file, options));
  const reopen = async (options?: EventStoreOptions) => {
    await store?.close();
    return open(options);
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'event-store-'));
    file = join(directory, 'log.sqlite');
  });
  afterEach(async () => {
    await store?.close();
    store = undefined;
    rmSync(directory, { recursive: true });
  });

  it('keeps what was acknowledged, once each, through kill -9 at any moment', async () => {
    let acknowledged = 0;
    for (let round = 1; round <= 3; round += 1) {
      acknowledged = await appendUntilKilled(file, acknowledged + 200);
      expect(acknowledged).toBeGreaterThanOrEqual(round * 200);
      const { length } = await everything(await open());
      expect(length).toBeGreaterThanOrEqual(acknowledged);
      await store?.close();
    }
    const events = await everything(await open());
    expect(events.map(({ revision }) => Number(revision))).toEqual(events.map((_, n) => n));
    expect(events.map(({ data }) => data['n'])).toEqual(events.map((_, n) => n));
  });

  it('gives no position twice, even when the last events were forgotten before a restart', async () => {
    const { append } = writes(await open());
    const { position } = await append({ expected: 'no stream' });
    await store?.truncate({ orgId, stream, before: '1' });
    const reopened = await reopen();
    expect(await reopened.head()).toBe(position);
    const next = await writes(reopened).append({ expected: { revision: '0' } });
    expect(Number(next.position)).toBeGreaterThan(Number(position));
  });

  it('recognises the retry of an append at any revision after a restart', async () => {
    const request = { expected: 'any', metadata: metadataAt('2026-01-01T00:00:00.000Z') } as const;
    const first = await writes(await open()).append(request);
    expect(await writes(await reopen()).append(request)).toEqual({ ...first, duplicate: true });
  });

  it('refuses to follow a log that ends before the position to go on from', async () => {
    const subscription = { after: '7', categories: [], types: [], signal: AbortSignal.timeout(5000) };
    const batches = (await open()).subscribe(subscription)[Symbol.asyncIterator]();
    await expect(batches.next()).rejects.toMatchObject({ code: 'INTEGRITY_ERROR' });
  });

  it('lets the events of a category age out, stream by stream, and nothing else', async () => {
    const { append } = writes(await open());
    const [old, recent] = [metadataAt('2020-01-01T00:00:00.000Z'), metadataAt(new Date().toISOString())];
    const day = (name: number) => `access-${orgId}.${name}`;
    for (let name = 0; name < 150; name += 1)
      await append({ stream: day(name), expected: 'any', metadata: old });
    await append({ stream: day(1), expected: 'any', metadata: recent, events: Array(1500).fill(tested(0)) });
    await append({ stream: day(2), expected: 'any', metadata: { ...old, commandId: newCommandId(new Date()) }, events: Array(1500).fill(tested(0)) }); // prettier-ignore
    await append({ stream: `accessx-${orgId}`, expected: 'any', metadata: old });
    await append({ expected: 'no stream', metadata: old });

    const aged = await reopen({
      retention: { category: 'access', days: 30, sweep: { failed: () => undefined } },
    });

    let left: readonly RecordedEvent[] = [];
    do left = await everything(aged);
    while (left.length > 1502);
    expect(new Set(left.map((event) => event.stream))).toEqual(new Set([day(1), `accessx-${orgId}`, stream]));
  });

  it('lets nothing age out in a process that does not sweep', async () => {
    const at = '2020-01-01T00:00:00.000Z';
    await writes(await open()).append({
      stream: `access-${orgId}.1`,
      expected: 'any',
      metadata: metadataAt(at),
    });
    const unswept = await reopen({ retention: { category: 'access', days: 30 } });
    // A sweep begins with the opening: its first step would come before this.
    await writes(unswept).append({ expected: 'any' });
    expect(await everything(unswept)).toHaveLength(2);
  });

  it('ends its subscriptions when it is closed', async () => {
    const opened = await open();
    const subscription = { after: null, categories: [], types: [], signal: AbortSignal.timeout(5000) };
    const batches = opened.subscribe(subscription)[Symbol.asyncIterator]();
    expect(await batches.next()).toMatchObject({ value: { caughtUp: true } });
    const waiting = batches.next();
    await opened.close();
    expect(await waiting).toMatchObject({ done: true });
    expect(subscription.signal.aborted).toBe(false);
  });

  it('is refused while another holds the log', async () => {
    await open();
    await expect(openSqliteEventStore(file)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
  });

  it('is refused when the log is damaged', async () => {
    writeFileSync(file, 'x'.repeat(8192));
    await expect(open()).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
  });

  it('fails as unavailable once it is closed', async () => {
    const closed = await open();
    await closed.close();
    await expect(writes(closed).append({ expected: 'any' })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
    await expect(closed.ping()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });
});

const orgId = 'org_01';
const stream = `secret-${orgId}.sec_01`;
const tested = (n: number) => ({ type: 'Tested', data: { n } });

const metadataAt = (at: string) => {
  const caller = { orgId, actorType: 'key', actorId: 'key_01' };
  return eventMetadata({
    caller,
    commandId: newCommandId(new Date()),
    correlationId: 'one',
    at,
    producer: 'test',
  });
};

const writes = (store: EventStore) => ({
  append: (change: Partial<AppendRequest> & Pick<AppendRequest, 'expected'>) =>
    store.append({
      orgId,
      stream,
      events: [tested(0)],
      metadata: metadataAt('2026-01-01T00:00:00.000Z'),
      ...change,
    }),
});

async function everything(store: EventStore): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  const signal = AbortSignal.timeout(5000);
  for await (const batch of store.subscribe({ after: null, categories: [], types: [], signal })) {
    events.push(...batch.events);
    if (batch.caughtUp) return events;
  }
  throw new Error('Did not catch up');
}

/** Lets a process append to `stream` until it has acknowledged `enough` events, kills it, and gives how many it acknowledged. */
async function appendUntilKilled(file: string, enough: number): Promise<number> {
  const child = spawn(process.execPath, ['-e', APPENDER], { env: { ...process.env, LOG_FILE: file } });
  let acknowledged = 0;
  for await (const text of child.stdout.setEncoding('utf8') as AsyncIterable<string>) {
    acknowledged = Number(text.trimEnd().split('\n').at(-1)) || acknowledged;
    if (acknowledged >= enough) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return acknowledged;
}

// Goes on where the stream ends, several appends in flight, and prints how many events are durable.
const APPENDER = `
const { openEventStore, eventMetadata, foldStream } = require('#libs/event-store');
const { newCommandId } = require('#libs/kernel');
const { writeSync } = require('node:fs');
const [orgId, stream] = ['org_01', 'secret-org_01.sec_01'];
openEventStore('sqlite:' + process.env.LOG_FILE).then(async (store) => {
  const { revision } = await foldStream(store, { orgId, stream }, { initial: null, evolve: () => null });
  for (let n = revision === null ? 0 : Number(revision) + 1; ; n += 1) {
    const caller = { orgId, actorType: 'key', actorId: 'key_01' };
    const metadata = eventMetadata({ caller, commandId: newCommandId(new Date()), correlationId: 'x', at: new Date().toISOString(), producer: 'test' });
    const expected = n === 0 ? 'no stream' : { revision: String(n - 1) };
    const appended = store.append({ orgId, stream, events: [{ type: 'Tested', data: { n } }], expected, metadata })
      .then(() => writeSync(1, n + 1 + '\\n'));
    if (n % 8 === 0) await appended;
  }
});`;
