import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openEventStore, type EventStore, type RecordedEvent } from '#libs/event-store';
import { accessStream } from '#libs/events';
import { AppError } from '#libs/kernel';
import { createLogger } from '#libs/observability';
import { intercepted } from '#libs/testing';
import { until } from '../../../../test/e2e/until';
import { RefusalRecords, type Refusal } from './refusal-records';

const orgId = 'org_01jd9x7k2m4n6p8q0r2s4t6v8w';
const start = Date.parse('2026-11-24T10:00:00.000Z');
const refusal: Refusal = {
  caller: { orgId, actorType: 'api-key', actorId: 'key_1' },
  action: null,
  cause: 'wrong-secret',
  address: '192.0.2.7',
  userAgent: 'curl/8.5.0',
  correlationId: 'req-1',
};

describe('RefusalRecords', () => {
  let directory: string;
  let store: EventStore;
  let isAway: boolean;
  /** Until then a record of this cause is under way, and then it fails. */
  let stalled: { cause: string; until: Promise<void> } | undefined;
  let refusals: RefusalRecords;
  let clock: { time: number; setByMs: number; now: () => Date; monotonicMs: () => number };
  const lines: string[] = [];

  beforeEach(async () => {
    directory = mkdtempSync(path.join(tmpdir(), 'refusals-'));
    store = await openEventStore(`sqlite:${path.join(directory, 'events.db')}`);
    isAway = false;
    stalled = undefined;
    clock = {
      time: start,
      setByMs: 0,
      now: () => new Date(clock.time + clock.setByMs),
      monotonicMs: () => clock.time,
    };
    const append: EventStore['append'] = async (request) => {
      const { cause } = request.events[0]?.data as { cause: string };
      const isStalled = cause === stalled?.cause;
      if (isStalled) await stalled?.until;
      if (isStalled || isAway) throw new AppError('STORE_UNAVAILABLE');
      return store.append(request);
    };
    const events = intercepted(store, { append });
    const destination = { write: (line: string) => void lines.push(line) };
    const logger = createLogger({ level: 'warn', service: 'access', destination });
    lines.length = 0;
    refusals = new RefusalRecords(clock, events, logger);
  });
  afterEach(async () => {
    await refusals.onApplicationShutdown();
    await store.close();
    rmSync(directory, { recursive: true });
  });

  const recorded = () =>
    store.read({ orgId, stream: accessStream(orgId, new Date(start).toISOString()), limit: 1_000 });
  const counted = (events: readonly RecordedEvent[]) =>
    events.reduce((sum, { data }) => sum + Number(data['count']), 0);
  const settled = (count: number) => until(recorded, (events) => counted(events) >= count);
  const note = (times: number, more: Partial<Refusal> = {}) => {
    for (let n = 0; n < times; n += 1) refusals.note({ ...refusal, ...more });
  };
  const afterThis = () => new Promise((resolve) => setImmediate(resolve));

  it('say who, what, why, when and from where', async () => {
    const caller = { ...refusal.caller, actorType: 'user', actorId: 'usr_1' };
    note(1, { caller, action: 'reveal-secret', cause: 'forbidden' });
    const [event] = await settled(1);
    expect(event).toMatchObject({
      type: 'AccessRefused',
      data: {
        action: 'reveal-secret',
        cause: 'forbidden',
        count: 1,
        refusedAt: '2026-11-24T10:00:00.000Z',
        address: '192.0.2.7',
        userAgent: 'curl/8.5.0',
      },
      metadata: { orgId, actorType: 'user', actorId: 'usr_1', $correlationId: 'req-1' },
    });
  });

  it('make a bounded number of records of a flood, whose counts add up', async () => {
    note(500);
    note(3, { cause: 'revoked' });
    await settled(13);
    expect(await recorded()).toHaveLength(13);
    note(500, { address: '192.0.2.99' });
    await afterThis();
    await refusals.onApplicationShutdown();
    const events = await recorded();
    expect(events).toHaveLength(14);
    expect(counted(events)).toBe(1_003);
    expect(events.at(-1)?.data).toMatchObject({ count: 990, address: '192.0.2.99', cause: 'wrong-secret' });
  });

  it('begin anew after a minute', async () => {
    note(12);
    await settled(10);
    clock.time += 60_000;
    note(1);
    const events = await settled(13);
    expect(events.map(({ data }) => data['count'])).toEqual([...Array.from({ length: 10 }, () => 1), 3]);
  });

  it('begin anew after a minute, though the clock was set back meanwhile', async () => {
    note(12);
    await settled(10);
    clock.setByMs = -3_600_000;
    clock.time += 60_000;
    note(1);
    expect(counted(await settled(13))).toBe(13);
  });

  it('tell of what was counted once its minute is over, though nothing follows', async () => {
    note(15);
    await settled(10);
    clock.time += 61_000;
    const events = await until(recorded, (found) => counted(found) === 15, 10_000);
    expect(events.at(-1)?.data).toMatchObject({ count: 5 });
  }, 15_000);

  it('wait five minutes for what settles them, and are recorded as of then when nothing does', async () => {
    const asked: string[] = [];
    const settles = (isSettled: boolean) => async (since: string) => {
      asked.push(since);
      return isSettled;
    };
    refusals.noteUnless(settles(true), refusal);
    refusals.noteUnless(settles(false), refusal);
    clock.time += 5 * 60_000;
    refusals.noteUnless(settles(false), { ...refusal, cause: 'revoked' });
    const [event] = await until(recorded, (found) => counted(found) > 0, 10_000);
    expect(asked).toEqual(Array(2).fill(new Date(start).toISOString()));
    expect(event?.data).toMatchObject({ refusedAt: new Date(start).toISOString(), cause: 'wrong-secret' });
    await refusals.onApplicationShutdown();
    expect((await recorded()).map(({ data }) => data['cause'])).toEqual(['wrong-secret', 'revoked']);
  }, 15_000);

  it('are recorded when nobody can tell whether they are settled', async () => {
    refusals.noteUnless(async () => Promise.reject(new AppError('STORE_UNAVAILABLE')), refusal);
    await refusals.onApplicationShutdown();
    expect(counted(await recorded())).toBe(1);
  });

  const failsLate = () => {
    let fail: () => void = () => undefined;
    stalled = { cause: 'revoked', until: new Promise((resolve) => (fail = resolve)) };
    return async () => {
      stalled = undefined;
      fail();
      const told = (line: string) => line.includes('refusal not recorded');
      await until(
        async () => lines.some(told),
        (isTold) => isTold,
      );
    };
  };

  it('are kept when a record fails after the next minute has begun', async () => {
    const fail = failsLate();
    note(1, { cause: 'revoked' });
    await afterThis();
    clock.time += 60_000;
    stalled = undefined;
    note(1, { cause: 'revoked' });
    await settled(1);
    await fail();
    note(1, { cause: 'revoked' });
    expect(counted(await settled(3))).toBe(3);
  });

  it('are kept when a record fails long after its minute', async () => {
    const fail = failsLate();
    note(1, { cause: 'revoked' });
    note(15);
    await settled(10);
    clock.time += 61_000;
    await until(recorded, (found) => counted(found) === 15, 10_000);
    await fail();
    note(1, { cause: 'revoked' });
    expect(counted(await settled(17))).toBe(17);
  }, 15_000);

  it('are kept while the log is away, and told when it is back', async () => {
    isAway = true;
    note(4);
    await until(
      async () => lines.length,
      (found) => found >= 4,
    );
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ event: 'refusal not recorded', count: 1 });
    expect(await recorded()).toEqual([]);
    isAway = false;
    note(1);
    const events = await settled(5);
    expect(counted(events)).toBe(5);
  });
});
