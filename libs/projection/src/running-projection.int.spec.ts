import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventMetadata, openEventStore, type EventStore, type RecordedEvent } from '#libs/event-store';
import { AppError, newCommandId, type Position } from '#libs/kernel';
import { openReadStore, type Document, type ReadStore } from '#libs/read-store';
import { intercepted } from '#libs/testing';
import { parkedCollection } from './parked-events';
import type { Projection } from './projection';
import { RunningProjection } from './running-projection';

const THINGS = 'things_v1';
const orgId = 'org_00000000000000000000000000';
const KEY = 'things.1';
const WAIT_MS = 10_000;

/** Fails on a thing called `poison`; makes a document of a wrong type from one called 5. */
const projectionOf = (applied: RecordedEvent[] = []): Projection => ({
  name: 'things',
  version: 1,
  collections: [
    {
      name: THINGS,
      fields: { kind: 'string', name: 'string' },
      indexes: [['kind', 'name']],
      countBy: ['kind'],
    },
  ],
  categories: ['thing'],
  types: ['ThingNamed'],
  apply(event) {
    applied.push(event);
    const { id, name } = event.data;
    if (name === 'poison') throw new TypeError(`cannot apply ${JSON.stringify(event.data)}`);
    const document = { id, kind: 'thing', name } as Document;
    return [{ kind: 'put', collection: THINGS, document, revision: event.revision }];
  },
});

describe('RunningProjection', () => {
  let directory: string;
  let events: EventStore;
  let reads: ReadStore;
  let warnings: string[];
  const running = new Set<RunningProjection>();

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'projection-'));
    events = await openEventStore(`sqlite:${join(directory, 'log.db')}`);
    reads = await openReads();
    warnings = [];
  });
  afterEach(async () => {
    await Promise.all([...running].map(stop));
    await reads.close();
    await events.close();
    rmSync(directory, { recursive: true });
  });

  const openReads = () => openReadStore(`sqlite:${join(directory, 'read.db')}`);
  const logger = {
    warn: (event: string, fields: object) => void warnings.push(`${event} ${JSON.stringify(fields)}`),
  };

  const start = (applied?: RecordedEvent[], store?: ReadStore) => run(projectionOf(applied), store);
  async function run(projection: Projection, store: ReadStore = reads): Promise<RunningProjection> {
    const runner = new RunningProjection({ projection, events, reads: store, logger });
    running.add(runner);
    await runner.onModuleInit();
    return runner;
  }
  async function stop(projection: RunningProjection): Promise<void> {
    running.delete(projection);
    await projection.onApplicationShutdown();
  }
  async function append(
    id: string,
    names: readonly (string | number)[],
    type = 'ThingNamed',
  ): Promise<Position> {
    const caller = { orgId, actorType: 'key', actorId: 'key_1' };
    const at = '2025-01-01T00:00:00.000Z';
    const commandId = newCommandId(new Date());
    const { position } = await events.append({
      orgId,
      stream: `${type === 'ThingNamed' ? 'thing' : 'other'}-${orgId}.${id}`,
      expected: 'no stream',
      events: names.map((name) => ({ type, data: { id, name } })),
      metadata: eventMetadata({ caller, commandId, correlationId: commandId, at, producer: 'test' }),
    });
    return position;
  }
  async function appendMany(prefix: string, count: number): Promise<Position> {
    const positions = await Promise.all(
      Array.from({ length: count }, (_, i) => append(`${prefix}${i}`, ['first', 'last'])),
    );
    return positions.reduce((a, b) => (Number(a) > Number(b) ? a : b));
  }
  const nameOf = async (id: string) => (await reads.get(THINGS, id))?.['name'];
  const countThings = () => reads.count(THINGS, { where: { kind: 'thing' } });

  it('catches up with what is there, then follows', async () => {
    const position = await appendMany('old', 30);
    const projection = await start();
    await projection.waitFor(position, WAIT_MS);
    expect(await countThings()).toBe(30);
    expect(await nameOf('old7')).toBe('last');
    const next = await append('new', ['N']);
    await projection.waitFor(next, WAIT_MS);
    expect(await nameOf('new')).toBe('N');
    expect(projection.status()).toEqual({
      name: 'things',
      state: 'live',
      position: next,
      parked: 0,
    });
  });

  it('applies each event once over restarts', async () => {
    const applied: RecordedEvent[] = [];
    for (const round of ['a', 'b', 'c']) {
      await appendMany(round, 20);
      const projection = await start(applied);
      await projection.waitFor(await appendMany(`${round} live `, 5), WAIT_MS);
      await stop(projection);
      expect(projection.status().state).toBe('stopped');
      await reads.close();
      reads = await openReads();
    }
    const ids = applied.map(({ id }) => id);
    expect(ids).toHaveLength(3 * 25 * 2);
    expect(new Set(ids).size).toBe(ids.length);
    await reads.ensureCollection(projectionOf().collections[0]!);
    expect(await countThings()).toBe(75);
  });

  it('goes on without a gap after an end in the middle', async () => {
    const position = await appendMany('t', 2_500);
    const applied: RecordedEvent[] = [];
    let writes = 0;
    const dying = new Proxy(reads, {
      get(store, method: keyof ReadStore) {
        if (method !== 'project' || ++writes === 1) return store[method].bind(store);
        return () => Promise.reject(new AppError('STORE_UNAVAILABLE'));
      },
    });
    const killed = await start(applied, dying);
    await until(() => writes > 1);
    await stop(killed);
    await reads.close();
    reads = await openReads();
    const reached = await reads.checkpoint(KEY);
    expect(Number(reached)).toBeLessThan(Number(position));

    const projection = await start();
    await projection.waitFor(position, WAIT_MS);
    expect(await countThings()).toBe(2_500);
    const all = await reads.find(THINGS, {
      where: { name: 'first' },
      sort: { field: 'id', direction: 'ascending' },
      limit: 1,
    });
    expect(all).toEqual([]);
  });

  it('goes on by itself when each call to the store fails at first', async () => {
    const failed = new Set<string>();
    const flaky = new Proxy(reads, {
      get(store, method: keyof ReadStore) {
        if (failed.has(method)) return store[method].bind(store);
        failed.add(method);
        return () => Promise.reject(new AppError('STORE_UNAVAILABLE'));
      },
    });
    const position = await appendMany('t', 50);
    const projection = await start([], flaky);
    await projection.waitFor(position, WAIT_MS);
    expect(await countThings()).toBe(50);
    const calls = ['ensureCollection', 'acquireLease', 'checkpoint', 'count', 'project', 'releaseLease'];
    expect([...failed].sort()).toEqual(calls.sort());
    expect(warnings).toHaveLength(5);
  });

  it('passes to another when it stops, without gap or repetition', async () => {
    const [byFirst, bySecond]: [RecordedEvent[], RecordedEvent[]] = [[], []];
    const first = await start(byFirst);
    await first.waitFor(await append('a', ['A']), WAIT_MS);
    const second = await start(bySecond);
    await until(() => second.status().state === 'standby');
    const seen = await append('b', ['B']);
    // The one that stands by sees what the other has written.
    await second.waitFor(seen, WAIT_MS);
    expect(await nameOf('b')).toBe('B');
    await stop(first);
    await second.waitFor(await append('c', ['C']), WAIT_MS);
    expect([byFirst, bySecond].map((applied) => applied.map(({ data }) => data['id']))).toEqual([
      ['a', 'b'],
      ['c'],
    ]);
    expect(second.status().state).toBe('live');
  }, 15_000);

  it('writes nothing more once its lease was taken, and goes on when it is free', async () => {
    const acquiring = jest.spyOn(reads, 'acquireLease');
    const projection = await start();
    await projection.waitFor(await append('a', ['A']), WAIT_MS);
    // As if it had been silent for too long.
    const holder = acquiring.mock.calls[0]?.[1] ?? '';
    await Promise.all([reads.releaseLease(KEY, holder), reads.acquireLease(KEY, 'another', 60_000)]);
    const position = await append('b', ['B']);
    await until(() => projection.status().state === 'standby');
    expect(await nameOf('b')).toBeUndefined();
    await reads.releaseLease(KEY, 'another');
    await projection.waitFor(position, WAIT_MS);
    expect(await nameOf('b')).toBe('B');
  }, 15_000);

  it('gives up its term when its lease was taken, also while there is nothing to write', async () => {
    const acquiring = jest.spyOn(reads, 'acquireLease');
    const projection = await start();
    await projection.waitFor(await append('a', ['A']), WAIT_MS);
    await until(() => projection.status().state === 'live');
    const holder = acquiring.mock.calls[0]?.[1] ?? '';
    await Promise.all([reads.releaseLease(KEY, holder), reads.acquireLease(KEY, 'another', 60_000)]);
    await until(() => projection.status().state === 'standby');
    await reads.releaseLease(KEY, 'another');
    await until(() => projection.status().state === 'live');
    expect(warnings).toEqual([]);
  }, 15_000);

  it('begins a new term when another had its lease in between, whose fence is newer', async () => {
    const [acquiring, terms] = [jest.spyOn(reads, 'acquireLease'), jest.spyOn(reads, 'checkpoint')];
    const projection = await start();
    await projection.waitFor(await append('a', ['A']), WAIT_MS);
    const holder = acquiring.mock.calls[0]?.[1] ?? '';
    await Promise.all([
      reads.releaseLease(KEY, holder),
      reads.acquireLease(KEY, 'another', 60_000),
      reads.releaseLease(KEY, 'another'),
    ]);
    await until(() => terms.mock.calls.length > 1);
    await projection.waitFor(await append('b', ['B']), WAIT_MS);
    expect(warnings).toEqual([]);
  }, 15_000);

  it.each([['poison'], [5]])(
    'parks an event that cannot be applied (%j), and the others flow',
    async (bad) => {
      const projection = await start();
      await append('a', ['A']);
      await append('bad', [bad]);
      const position = await append('c', ['C']);
      await projection.waitFor(position, WAIT_MS);
      expect([await nameOf('a'), await nameOf('c'), await reads.get(THINGS, 'bad')]).toEqual([
        'A',
        'C',
        null,
      ]);
      expect(projection.status()).toMatchObject({ state: 'degraded', parked: 1 });
      const query = {
        where: { projection: KEY },
        sort: { field: 'id', direction: 'ascending' },
        limit: 5,
      } as const;
      const parked = await reads.find(parkedCollection.name, query);
      const reason = bad === 'poison' ? 'TypeError' : 'VALIDATION_FAILED';
      const note = { id: `${KEY}:2`, projection: KEY, position: '2', type: 'ThingNamed', reason };
      expect(parked).toEqual([note]);
      expect(warnings.join()).not.toContain('cannot apply');

      await stop(projection);
      const again = await start();
      await until(() => again.status().state === 'degraded');
      expect(again.status().parked).toBe(1);
    },
  );

  it('applies what was parked once it can be applied, without undoing what came later', async () => {
    const broken = await start();
    await append('bad', [5, 'poison']);
    await append('overtaken', ['poison', 'later']);
    const position = await append('still', ['poison']);
    await broken.waitFor(position, WAIT_MS);
    expect(broken.status()).toMatchObject({ state: 'degraded', parked: 4 });
    await stop(broken);

    const mended = (event: RecordedEvent) => {
      const name =
        event.data['name'] === 'poison' && event.data['id'] !== 'still'
          ? 'mended'
          : (event.data['name'] ?? null);
      return projectionOf().apply({ ...event, data: { ...event.data, name } });
    };
    const projection = await run({ ...projectionOf(), apply: mended });
    await until(() => projection.status().state === 'degraded' && projection.status().parked === 2);
    expect([await nameOf('bad'), await nameOf('overtaken'), await nameOf('still')]).toEqual([
      'mended',
      'later',
      undefined,
    ]);
  });

  it('keeps aside what it could not look for, because it was stopped while it tried', async () => {
    const names = Array.from({ length: 5 }, (_, i) => `t${i}`);
    const broken = await start();
    let last: Position = '';
    for (const id of names) last = await append(id, ['poison']);
    await broken.waitFor(last, WAIT_MS);
    expect(broken.status().parked).toBe(5);
    await stop(broken);

    const apply = (event: RecordedEvent) =>
      projectionOf().apply({ ...event, data: { ...event.data, name: 'mended' } });
    let stopped: Promise<void> | undefined;
    const stopping = intercepted(reads, {
      remove(...note) {
        stopped ??= projection.onApplicationShutdown();
        return reads.remove(...note);
      },
    });
    const projection = new RunningProjection({
      projection: { ...projectionOf(), apply },
      events,
      reads: stopping,
      logger,
    });
    await projection.onModuleInit();
    await until(() => stopped !== undefined);
    await stopped;
    expect(await countThings()).toBe(1);
    expect(await reads.count(parkedCollection.name, { where: { projection: KEY } })).toBe(4);
  });

  it('keeps aside what it could apply, but not write', async () => {
    const broken = await start();
    await broken.waitFor(await append('bad', ['poison']), WAIT_MS);
    await stop(broken);
    const mended: Projection = {
      ...projectionOf(),
      apply: (event) => projectionOf().apply({ ...event, data: { ...event.data, name: 'mended' } }),
    };
    let writes = 0;
    const project = () => (writes++, Promise.reject(new AppError('STORE_UNAVAILABLE')));
    const refused = await run(mended, intercepted(reads, { project }));
    await until(() => writes > 0);
    await stop(refused);
    expect(await reads.count(parkedCollection.name, { where: { projection: KEY } })).toBe(1);

    const projection = await run(mended);
    await until(() => projection.status().state === 'live');
    expect(await nameOf('bad')).toBe('mended');
    expect(projection.status().parked).toBe(0);
  });

  it('reaches positions that change nothing at once, and stores them before long', async () => {
    const projection = await start();
    await projection.waitFor(await append('a', ['A']), WAIT_MS);
    const stored = await reads.checkpoint(KEY);
    const position = await append('x', ['X'], 'OtherNamed');
    await projection.waitFor(position, WAIT_MS);
    expect(await reads.checkpoint(KEY)).toBe(stored);
    await until(async () => (await reads.checkpoint(KEY)) === position);
  });

  it('stores such a position also when the store was away at first, and nothing more comes', async () => {
    let isAway = false;
    const flaky = intercepted(reads, {
      async project(...change) {
        if (!isAway) return reads.project(...change);
        isAway = false;
        throw new AppError('STORE_UNAVAILABLE');
      },
    });
    const projection = await start([], flaky);
    await projection.waitFor(await append('a', ['A']), WAIT_MS);
    isAway = true;
    const position = await append('x', ['X'], 'OtherNamed');
    await projection.waitFor(position, WAIT_MS);
    await until(async () => (await reads.checkpoint(KEY)) === position);
    expect(warnings).toHaveLength(1);
  }, 15_000);

  // Otherwise a list that waited for its own write would be answered with what is remembered from before.
  it('names the new state of what it shows no later than it says that a position shows', async () => {
    const seen: { position: Position; state: string | null }[] = [];
    const watched = intercepted(reads, {
      async project(...change) {
        await reads.project(...change);
        // In every gap that another request could get in.
        void (async () => {
          for (let gap = 0; gap < 20; gap += 1) {
            if (projection.status().position === change[2])
              seen.push({ position: change[2], state: projection.stateOf(orgId) });
            await Promise.resolve();
          }
        })();
      },
    });
    const projection = await start([], watched);
    await projection.waitFor(await append('a', ['A']), WAIT_MS);
    await until(() => projection.status().state === 'live');
    seen.length = 0;
    for (const id of ['b', 'c', 'd']) await projection.waitFor(await append(id, ['N']), WAIT_MS);
    expect(seen.length).toBeGreaterThan(3);
    for (const { position, state } of seen) expect(state).toBe(position);
  });

  // Otherwise a list that saw the rows as they were before would pass for one that saw them after.
  it('names no new state before the rows are written', async () => {
    let holds = false;
    const held: (() => void)[] = [];
    const holding = intercepted(reads, {
      async project(...change) {
        if (holds) await new Promise<void>((letGo) => held.push(letGo));
        await reads.project(...change);
      },
    });
    const projection = await start([], holding);
    const first = await append('a', ['A']);
    await until(() => projection.stateOf(orgId) === first);
    holds = true;
    const next = await append('b', ['B']);
    await until(() => held.length > 0);
    const meanwhile = projection.stateOf(orgId);
    holds = false;
    for (const letGo of held) letGo();
    await projection.waitFor(next, WAIT_MS);
    expect([meanwhile, projection.stateOf(orgId)]).toEqual([first, next]);
  });

  it('names no state while another process is the one that writes', async () => {
    const first = await start();
    const position = await append('a', ['A']);
    await until(() => first.stateOf(orgId) === position);
    const second = await start();
    await until(() => second.status().state === 'standby');
    expect(second.stateOf(orgId)).toBeNull();
  });

  it('does not wait for a position that shows', async () => {
    const projection = await start();
    const position = await append('a', ['A']);
    await projection.waitFor(position, WAIT_MS);
    await projection.waitFor(position, 0);
  });

  it.each(['live', 'standby'])('waits for no position that the log has not reached (%s)', async (state) => {
    const first = await start();
    await first.waitFor(await append('a', ['A']), WAIT_MS);
    const projection = state === 'live' ? first : await start();
    await until(() => projection.status().state === state);
    const invented = projection.waitFor('900000000', 3_600_000);
    await expect(invented).rejects.toMatchObject({ code: 'CONSISTENCY_TIMEOUT' });
  });

  it('waits for a position that it does not reach no longer than it may', async () => {
    let letGo: () => void = () => undefined;
    const free = new Promise<void>((resolve) => (letGo = resolve));
    const held = intercepted(reads, { project: (...change) => free.then(() => reads.project(...change)) });
    const projection = await start([], held);
    const late = projection.waitFor(await append('a', ['A']), 50);
    await expect(late).rejects.toMatchObject({ code: 'CONSISTENCY_TIMEOUT' });
    letGo();
  });
});

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('The condition did not come true');
    await new Promise((resume) => setTimeout(resume, 5));
  }
}
