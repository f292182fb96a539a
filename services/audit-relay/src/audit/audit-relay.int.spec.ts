import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openEventStore, eventMetadata, type EventStore } from '#libs/event-store';
import { accessStream, secretStream } from '#libs/events';
import { AppError, newCommandId, newId } from '#libs/kernel';
import { createLogger } from '#libs/observability';
import { openReadStore, type ReadStore } from '#libs/read-store';
import { intercepted } from '#libs/testing';
import { until as untilFits } from '../../../../test/e2e/until';
import type { AuditMessage, AuditPublisher } from './audit-publisher';
import { AuditRelay } from './audit-relay';

const orgId = newId('org', new Date());
const secretId = newId('sec', new Date());

const until = (condition: () => boolean | Promise<boolean>) =>
  untilFits(async () => condition(), Boolean, 10_000);

/** A publisher in memory, with a switch for each thing that can go wrong. */
class TestPublisher implements AuditPublisher {
  readonly published: AuditMessage[] = [];
  /** What is thrown by the next calls, one each. */
  readonly failures: string[] = [];
  /** Publishes, and then does not say so until it is closed. */
  answers = true;
  #giveUp: () => void = () => undefined;
  atOnce = 0;
  atOnceMax = 0;
  topics = 0;

  async ensureTopic(): Promise<void> {
    this.topics += 1;
    if (this.failures[0] === 'topic') throw this.#fail();
  }

  async publish(messages: readonly AuditMessage[]): Promise<void> {
    this.atOnce += 1;
    this.atOnceMax = Math.max(this.atOnceMax, this.atOnce);
    await new Promise(setImmediate);
    this.atOnce -= 1;
    if (this.failures[0] === 'before') throw this.#fail();
    const half = this.failures[0] === 'halfway' ? Math.ceil(messages.length / 2) : messages.length;
    this.published.push(...messages.slice(0, half));
    if (!this.answers)
      await new Promise((_, reject) => (this.#giveUp = () => reject(new AppError('SERVICE_UNAVAILABLE'))));
    if (this.failures.length > 0) throw this.#fail();
  }

  async close(): Promise<void> {
    this.#giveUp();
  }

  get ids(): (string | undefined)[] {
    return this.published.map(({ headers }) => headers['ce_id']);
  }

  #fail(): AppError {
    this.failures.shift();
    return new AppError('SERVICE_UNAVAILABLE');
  }
}

describe('AuditRelay', () => {
  let folder: string;
  let events: EventStore;
  let reads: ReadStore;
  let publisher: TestPublisher;
  let lines: string[];
  const relays: AuditRelay[] = [];

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'audit-relay-'));
    events = await openEventStore(`sqlite:${path.join(folder, 'events.db')}`);
    reads = await openReadStore(`sqlite:${path.join(folder, 'relay.db')}`);
    publisher = new TestPublisher();
    lines = [];
  });

  afterEach(async () => {
    const stopping = relays.splice(0).map((relay) => relay.stop());
    await publisher.close();
    await Promise.all(stopping);
    await reads.close();
    await events.close();
    rmSync(folder, { recursive: true });
  });

  function start(parts: { reads?: ReadStore; publisher?: AuditPublisher } = {}): AuditRelay {
    const destination = { write: (line: string) => void lines.push(line) };
    const logger = createLogger({ level: 'info', service: 'audit-relay', destination });
    const relay = new AuditRelay({ logger, events, reads, publisher, ...parts });
    relays.push(relay);
    relay.start();
    return relay;
  }

  const caller = { orgId, actorType: 'api-key', actorId: 'key_1' };
  const metadata = () => {
    const commandId = newCommandId(new Date());
    return eventMetadata({
      caller,
      commandId,
      correlationId: 'req-1',
      at: '2026-11-23T10:00:00.000Z',
      producer: 'test',
    });
  };

  /** Appends reads of one secret, and gives their ids in log order. */
  async function append(count: number, type = 'SecretRead'): Promise<string[]> {
    const stream = accessStream(orgId, '2026-11-23');
    const data = { secretId, version: 1, readAt: '', address: null, userAgent: null };
    const before = (await events.read({ orgId, stream, limit: 1000 })).length;
    const newEvents = Array.from({ length: count }, () => ({ type, data }));
    await events.append({ orgId, stream, events: newEvents, expected: 'any', metadata: metadata() });
    return (await events.read({ orgId, stream, from: String(before), limit: 1000 })).map(({ id }) => id);
  }

  it('publishes what is there and what comes, in log order, one send at a time', async () => {
    const ids = await append(700);
    const relay = start();
    await until(() => publisher.published.length === 700);
    ids.push(...(await append(3)));
    await until(() => relay.status().published === 703);
    expect(publisher.ids).toEqual(ids);
    expect([publisher.atOnceMax, publisher.topics]).toEqual([1, 1]);
    expect(relay.status()).toEqual({
      state: 'live',
      position: await events.head(),
      waitingSince: null,
      published: 703,
      skipped: 0,
      lastError: null,
    });
  });

  it('makes the topic at once, whether or not there is something to publish', async () => {
    start();
    await until(() => publisher.topics === 1);
    expect(publisher.published).toEqual([]);
  });

  it.each(['topic', 'before', 'halfway', 'after'])(
    'loses nothing and keeps the order when a publish fails: %s',
    async (failure) => {
      publisher.failures.push(failure, failure, failure);
      const ids = await append(10);
      const relay = start();
      await until(() => relay.status().state === 'retrying');
      expect(relay.status()).toMatchObject({
        lastError: 'SERVICE_UNAVAILABLE',
        published: 0,
        waitingSince: '2026-11-23T10:00:00.000Z',
      });
      await until(() => relay.status().published === 10);
      expect([...new Set(publisher.ids)]).toEqual(ids);
      expect(relay.status()).toMatchObject({ state: 'live', lastError: null, waitingSince: null });
      expect(lines.filter((line) => line.includes('audit relay interrupted'))).toHaveLength(3);
      expect(lines.filter((line) => line.includes('audit relay goes on'))).toHaveLength(1);
    },
  );

  it('goes on where the last one stopped', async () => {
    const first = start();
    await append(5);
    await until(() => first.status().published === 5);
    await first.stop();
    const { position } = first.status();
    const last = { event: 'audit relay status', state: 'stopped', published: 5, skipped: 0, position };
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject(last);
    await append(5);
    const second = start();
    await until(() => second.status().published === 5);
    expect(new Set(publisher.ids).size).toBe(10);
    expect(publisher.published).toHaveLength(10);
  });

  it('publishes again what was not acknowledged before the stop', async () => {
    publisher.answers = false;
    const ids = await append(5);
    const first = start();
    await until(() => publisher.published.length === 5);
    await first.stop();
    await publisher.close();
    const heir = new TestPublisher();
    start({ publisher: heir });
    await until(() => heir.published.length === 5);
    expect(heir.ids).toEqual(ids);
  }, 20_000);

  it('stands by while another relays, and takes over when that one stops', async () => {
    const first = start();
    await until(() => first.status().state === 'live');
    const second = start();
    const ids = await append(5);
    await until(() => first.status().published === 5);
    expect(second.status()).toMatchObject({ state: 'standby', published: 0 });
    await first.stop();
    ids.push(...(await append(5)));
    await until(() => second.status().published === 5);
    expect(publisher.ids).toEqual(ids);
  }, 20_000);

  it('moves no checkpoint once another holds the lease', async () => {
    let holder = '';
    const stolen = intercepted(reads, {
      acquireLease: (name, asking, ttlMs) => {
        holder = asking;
        return reads.acquireLease(name, asking, ttlMs);
      },
      // At the moment it wants to store its position, the lease is another's.
      project: async (name, changes, position, fence) => {
        await reads.releaseLease(name, holder);
        await reads.acquireLease(name, 'thief', 60_000);
        return reads.project(name, changes, position, fence);
      },
    });
    await append(5);
    const relay = start({ reads: stolen });
    await until(() => relay.status().lastError === 'STORE_UNAVAILABLE');
    expect(await reads.checkpoint('audit-relay.1')).toBeNull();
    expect(relay.status().published).toBe(0);
  });

  it('skips what it does not know, says so once per type, and counts', async () => {
    const ids = [...(await append(1)), ...(await append(2, 'SecretTeleported'))];
    ids.push(...(await append(1)));
    const relay = start();
    await until(() => relay.status().published === 2);
    expect(relay.status()).toMatchObject({ state: 'live', skipped: 2, position: await events.head() });
    expect(publisher.ids).toEqual([ids[0], ids[3]]);
    const told = lines.filter((line) => line.includes('audit relay skips'));
    expect(told.map((line) => (JSON.parse(line) as { event_type: string }).event_type)).toEqual([
      'SecretTeleported',
    ]);
  });

  it('skips an event that is not what its type says', async () => {
    const stream = secretStream(orgId, secretId);
    const newEvents = [{ type: 'SecretCreated', data: {} }];
    await events.append({ orgId, stream, events: newEvents, expected: 'no stream', metadata: metadata() });
    const ids = await append(1);
    const relay = start();
    await until(() => relay.status().published === 1);
    expect(relay.status().skipped).toBe(1);
    expect(publisher.ids).toEqual(ids);
  });

  it('spends no commit of its own on every private event', async () => {
    const positions: string[] = [];
    const counted = intercepted(reads, {
      project: (name, changes, position, fence) => {
        positions.push(position);
        return reads.project(name, changes, position, fence);
      },
    });
    const relay = start({ reads: counted });
    for (let round = 0; round < 5; round += 1) {
      const data = { secretId };
      const stream = `secretname-${orgId}.${round}`;
      const newEvents = [{ type: 'SecretNameReleased', data }];
      await events.append({ orgId, stream, events: newEvents, expected: 'no stream', metadata: metadata() });
      await until(async () => relay.status().position === (await events.head()));
    }
    expect(positions.length).toBeLessThan(4);
    expect(publisher.published).toEqual([]);
  });

  it('retries, and says why, when the log is older than the checkpoint', async () => {
    const fence = await reads.acquireLease('audit-relay.1', 'test', 1_000);
    await reads.project('audit-relay.1', [], '999', fence ?? 0);
    await reads.releaseLease('audit-relay.1', 'test');
    const relay = start();
    await until(() => relay.status().lastError === 'INTEGRITY_ERROR');
    expect(relay.status().state).toBe('retrying');
  });
});
