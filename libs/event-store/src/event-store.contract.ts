import { comparePositions, isAppError, newCommandId, newId, type Position } from '#libs/kernel';
import { eventMetadata } from './event-metadata';
import { foldStream } from './fold-stream';
import {
  APPEND_BYTES_MAX,
  READ_LIMIT_MAX,
  type AppendRequest,
  type Appended,
  type Batch,
  type EventStore,
  type Expected,
  type JsonObject,
  type RecordedEvent,
  type SubscribeRequest,
} from './event-store';

export interface OpenedEventStore {
  readonly store: EventStore;
  /** Closes the store and opens it again on the same log. */
  readonly reopen: () => Promise<EventStore>;
  readonly close: () => Promise<void>;
}

const TEST_MS_MAX = 30_000;

/**
 * The behaviour of every engine. The log may be shared and hold other events, so each test has its own organization
 * and, where it subscribes, its own category.
 */
export function eventStoreContract(name: string, open: () => Promise<OpenedEventStore>): void {
  describe(`${name} as an EventStore`, () => {
    jest.setTimeout(TEST_MS_MAX);
    let opened: OpenedEventStore;
    let store: EventStore;
    let orgId: string;
    let category: string;
    let stream: string;

    beforeAll(async () => {
      opened = await open();
      store = opened.store;
    });
    afterAll(async () => opened.close());
    beforeEach(() => {
      orgId = newId('org', new Date());
      category = newId('sec', new Date()).replace('_', '');
      stream = `${category}-${orgId}.one`;
    });

    /** One event per item of `data`. */
    const request = (data: readonly JsonObject[], expected: Expected, more: Partial<AppendRequest> = {}) => {
      const caller = { orgId, actorType: 'key', actorId: newId('key', new Date()) };
      const commandId = newCommandId(new Date());
      const origin = {
        caller,
        commandId,
        correlationId: commandId,
        at: '2026-01-02T03:04:05.678Z',
        producer: 'test',
      };
      const events = data.map((item) => ({ type: 'Tested', data: item }));
      return { orgId, stream, events, expected, metadata: eventMetadata(origin), ...more };
    };
    const append = (data: readonly JsonObject[], expected: Expected, more: Partial<AppendRequest> = {}) =>
      store.append(request(data, expected, more));
    const read = (more: { from?: string; limit?: number; direction?: 'backwards' } = {}) =>
      store.read({ orgId, stream, limit: READ_LIMIT_MAX, ...more });
    const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, n) => ({ n: from + n }));

    /** Subscribes to this test's category and gives the batches up to the one that satisfies `enough`. */
    const listen = async (
      subscription: Partial<SubscribeRequest>,
      enough: (batch: Batch, events: readonly RecordedEvent[]) => boolean,
    ) => {
      const batches: Batch[] = [];
      const signal = AbortSignal.timeout(TEST_MS_MAX / 2);
      const all = { after: null, categories: [category], types: [], signal, ...subscription };
      for await (const batch of store.subscribe(all)) {
        batches.push(batch);
        if (enough(batch, eventsOf(batches))) return batches;
      }
      throw new Error(`The subscription ended after ${JSON.stringify(batches)}`);
    };

    describe('append', () => {
      it('numbers the events of a stream from 0, at positions that grow', async () => {
        const first = await append(numbers(1), 'no stream');
        const second = await append(numbers(2, 1), { revision: '0' });
        expect(first).toMatchObject({ revision: '0', duplicate: false });
        expect(second).toMatchObject({ revision: '2', duplicate: false });
        expect(comparePositions(first.position, second.position)).toBeLessThan(0);

        const events = await read();
        expect(events.map(({ revision, data }) => [revision, data['n']])).toEqual([['0', 0], ['1', 1], ['2', 2]]); // prettier-ignore
        expect(events[0]?.position).toBe(first.position);
        expect(events[2]?.position).toBe(second.position);
      });

      it.each<[string, Expected]>([
        ['no stream', 'no stream'],
        ['a revision already passed', { revision: '1' }],
        ['a revision not yet reached', { revision: '3' }],
      ])('writes nothing when %s was expected of a stream at revision 2', async (_, expected) => {
        await append(numbers(3), 'no stream');
        await expect(append(numbers(1, 9), expected)).rejects.toMatchObject({ code: 'WRONG_REVISION' });
        expect(await read()).toHaveLength(3);
      });

      it('writes nothing when a revision was expected of a stream that does not exist', async () => {
        await expect(append(numbers(1), { revision: '0' })).rejects.toMatchObject({ code: 'WRONG_REVISION' });
        expect(await read()).toEqual([]);
      });

      it('recognises a retry, even when the stream has moved on', async () => {
        const creation = request(numbers(1), 'no stream');
        const change = request(numbers(2, 1), { revision: '0' });
        const created = await store.append(creation);
        expect(await store.append(creation)).toEqual({ ...created, duplicate: true });
        const changed = await store.append(change);
        await append(numbers(1, 3), { revision: '2' });

        expect(await store.append(creation)).toEqual({ ...created, duplicate: true });
        expect(await store.append(change)).toEqual({ ...changed, duplicate: true });
        expect(await read()).toHaveLength(4);
      });

      it('refuses a retry that holds more than was written', async () => {
        const first = request(numbers(1), 'no stream');
        await store.append(first);
        const more = { ...first, events: [...first.events, ...first.events] };
        await expect(store.append(more)).rejects.toMatchObject({ code: 'WRONG_REVISION' });
        expect(await read()).toHaveLength(1);
      });

      it('appends at any revision, and recognises a retry of that, too', async () => {
        const first = request(numbers(2), 'any');
        const appended = await store.append(first);
        expect(appended).toMatchObject({ revision: '1', duplicate: false });
        expect(await append(numbers(1, 2), 'any')).toMatchObject({ revision: '2', duplicate: false });

        expect(await store.append(first)).toEqual({ ...appended, duplicate: true });
        expect(await read()).toHaveLength(3);
      });

      it('lets one of 2, and one of 50, that race for a revision win', async () => {
        const race = async (racers: number, expected: Expected) => {
          const attempts = Array.from({ length: racers }, () => append(numbers(1), expected));
          return (await Promise.all(attempts.map(outcome))).sort();
        };
        expect(await race(2, 'no stream')).toEqual(['WRONG_REVISION', 'written']);
        expect(await race(50, { revision: '0' })).toEqual([
          ...Array<string>(49).fill('WRONG_REVISION'),
          'written',
        ]);
        expect(await read()).toHaveLength(2);
      });

      it('writes each of 50 concurrent appends at any revision once', async () => {
        const appended = await Promise.all(numbers(50).map((item) => append([item], 'any')));
        const revisions = appended.map(({ revision }) => Number(revision)).sort((a, b) => a - b);
        expect(revisions).toEqual(numbers(50).map(({ n }) => n));
        expect(new Set((await read()).map(({ data }) => data['n'])).size).toBe(50);
      });

      it.each([
        ['of another organization', (org: string) => `secret-${newId('org', new Date())}.${org}`],
        ['whose organization only begins like ours', (org: string) => `secret-${org}x.one`],
        ['without a category', (org: string) => `-${org}.one`],
        ['without an organization', () => 'operations'],
      ])('refuses a stream %s', async (_, streamFor) => {
        const foreign = { orgId, stream: streamFor(orgId) };
        const refusal = { code: 'VALIDATION_FAILED' };
        await expect(append(numbers(1), 'any', foreign)).rejects.toMatchObject(refusal);
        await expect(store.read({ ...foreign, limit: 1 })).rejects.toMatchObject(refusal);
        await expect(store.truncate({ ...foreign, before: '1' })).rejects.toMatchObject(refusal);
      });

      it('takes the stream that bears only the name of the organization', async () => {
        stream = `${category}-${orgId}`;
        expect(await append(numbers(1), 'no stream')).toMatchObject({ revision: '0' });
      });

      it.each<[string, Partial<AppendRequest>]>([
        ['no event', { events: [] }],
        ['an event without a type', { events: [{ type: '', data: {} }] }],
        ['no data', { events: [{ type: 'Tested', data: undefined as never }] }],
        ['undefined in the data', { events: [{ type: 'Tested', data: { deep: [undefined as never] } }] }],
        ['a bigint', { events: [{ type: 'Tested', data: { n: 1n as never } }] }],
        ['a number that JSON cannot hold', { events: [{ type: 'Tested', data: { n: Number.NaN } }] }],
        ['too many bytes', { events: [{ type: 'Tested', data: { text: 'x'.repeat(APPEND_BYTES_MAX) } }] }],
        [
          'too many bytes in sum',
          { events: Array(3).fill({ type: 'Tested', data: { text: '€'.repeat(120_000) } }) },
        ],
      ])('refuses %s, and goes on serving', async (_, refused) => {
        await expect(append([], 'no stream', refused)).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
        expect(await append(numbers(1), 'no stream')).toMatchObject({ revision: '0' });
      });

      it('takes a megabyte', async () => {
        const text = 'x'.repeat(1_000_000);
        await append([{ text }], 'no stream');
        expect((await read())[0]?.data).toEqual({ text });
      });

      it('keeps ids, types, data and metadata exactly', async () => {
        const data = {
          text: 'ß €\u{1F511} \u0000 \n "\\" \u2028 \ud800',
          nothing: null,
          numbers: [0, -1, 0.1, 1e21, Number.MAX_SAFE_INTEGER],
          flags: [true, false],
          empty: { list: [], object: {}, text: '' },
          nested: { 'a key': [{ 'another.key': [[1], { $set: 'x' }] }] },
        };
        const appending = request([data, {}], 'no stream', { events: [{ type: 'First', data }, { type: 'Second', data: {} }] }); // prettier-ignore
        await store.append(appending);
        const again = request([{}], 'no stream', { stream: `${stream}.two`, metadata: appending.metadata });
        await store.append(again);

        const [first, second] = await read();
        const [other] = await store.read({ orgId, stream: again.stream, limit: 1 });
        expect(first).toMatchObject({ stream, type: 'First', data, metadata: appending.metadata });
        expect(Object.keys(first?.metadata ?? {})).toHaveLength(9);
        expect(first?.data).toEqual(data);
        expect(second).toMatchObject({ type: 'Second', data: {}, metadata: appending.metadata });
        const ids = [first?.id, second?.id, other?.id];
        for (const id of ids)
          expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(new Set(ids).size).toBe(3);
      });

      it('appends in order, across streams, as one after the other would', async () => {
        const other = `${category}-${orgId}.two`;
        const appends = [
          request([{ n: 0 }], 'no stream'),
          request([{ n: 1 }, { n: 2 }], 'any', { stream: other }),
          request([{ n: 3 }], { revision: '0' }),
          request([{ n: 4 }], 'any', { stream: other }),
        ];
        await store.appendInOrder([]);
        await store.appendInOrder(appends);
        await store.appendInOrder(appends);
        const events = eventsOf(await listen({}, ({ caughtUp }) => caughtUp));
        expect(events.map(({ data }) => data['n'])).toEqual([0, 1, 2, 3, 4]);
        expect(events.map(({ revision }) => revision)).toEqual(['0', '0', '1', '1', '2']);
      });

      it('ends an append in order at the first that is refused', async () => {
        const appends = [
          request([{ n: 0 }], 'no stream'),
          request([{ n: 1 }], { revision: '7' }),
          request([{ n: 2 }], 'any', { stream: `${stream}.two` }),
        ];
        await expect(store.appendInOrder(appends)).rejects.toMatchObject({ code: 'WRONG_REVISION' });
        const events = eventsOf(await listen({}, ({ caughtUp }) => caughtUp));
        expect(events.map(({ data }) => data['n'])).toEqual([0]);
      });

      it('gives at once what an append in order wrote', async () => {
        expect(await read()).toEqual([]);
        await store.appendInOrder([request([{ n: 0 }], 'no stream')]);
        expect(await read({ from: '0' })).toHaveLength(1);
        await store.appendInOrder([request([{ n: 1 }], { revision: '0' })]);
        expect(await read({ from: '1' })).toHaveLength(1);
      });

      it('gives events the ids of the append they were part of, when its beginning is missing', async () => {
        const whole = request(numbers(3), 'any');
        await store.append(whole);
        const ids = (await read()).map(({ id }) => id);
        const rest = { ...whole, events: whole.events.slice(1), firstIndex: 1 };
        await store.append({ ...rest, expected: { revision: '2' } });
        expect((await read({ from: '3' })).map(({ id }) => id)).toEqual(ids.slice(1));
      });
    });

    describe('read', () => {
      it('gives at once what an append wrote', async () => {
        let last: Appended | undefined;
        for (let n = 0; n < 20; n += 1) {
          last = await append([{ n }], last ? { revision: last.revision } : 'no stream');
          const [event] = await read({ direction: 'backwards', limit: 1 });
          expect(event).toMatchObject({ revision: last.revision, position: last.position, data: { n } });
        }
      });

      it('reads in both directions, from a revision, up to a limit', async () => {
        await append(numbers(10), 'no stream');
        const revisions = async (more: Parameters<typeof read>[0]) =>
          (await read(more)).map(({ revision }) => Number(revision));

        expect(await revisions({})).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        expect(await revisions({ from: '7' })).toEqual([7, 8, 9]);
        expect(await revisions({ from: '2', limit: 3 })).toEqual([2, 3, 4]);
        expect(await revisions({ from: '10' })).toEqual([]);
        expect(await revisions({ direction: 'backwards', limit: 2 })).toEqual([9, 8]);
        expect(await revisions({ direction: 'backwards', from: '3' })).toEqual([3, 2, 1, 0]);
      });

      it('gives nothing for a stream that does not exist', async () => {
        expect(await read()).toEqual([]);
        expect(await read({ direction: 'backwards' })).toEqual([]);
      });

      it.each([0, READ_LIMIT_MAX + 1, Number.NaN])('refuses the limit %d', async (limit) => {
        await expect(read({ limit })).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
      });
    });

    describe('latest', () => {
      it('gives the last events of a category, the newest first, unless the engine cannot', async () => {
        const latest = (before?: Position) => store.latest({ category, before, limit: 2 });
        expect((await latest()) ?? []).toEqual([]);
        await append(numbers(2), 'no stream');
        await append(numbers(1), 'no stream', { stream: `x${category}-${orgId}` });
        await append(numbers(1, 2), 'no stream', { stream: `${category}-${orgId}.two` });
        const first = await latest();
        if (first === null) return expect(store.isRemote).toBe(true);
        expect(first.map(({ data }) => data['n'])).toEqual([2, 1]);
        const second = await latest(first.at(-1)?.position);
        expect(second).toEqual((await read()).slice(0, 1));
        return expect(await latest(second?.at(-1)?.position)).toEqual([]);
      });
    });

    describe('head', () => {
      it('is where the log ends', async () => {
        const { position } = await append(numbers(1), 'no stream');
        expect(comparePositions(await store.head(), position)).toBeGreaterThanOrEqual(0);
      });
    });

    describe('subscribe', () => {
      it('delivers the events of a category after a position, in order', async () => {
        await append(numbers(2), 'any');
        const { position } = await append(numbers(1, 2), 'any');
        await append(numbers(1, 3), 'any', { stream: `${category}-${orgId}.two` });
        await append(numbers(1, 99), 'any', { stream: `${category}x-${orgId}.three` });
        await append(numbers(1, 4), 'any');

        const all = eventsOf(await listen({}, (_, events) => events.length === 5));
        const later = eventsOf(await listen({ after: position }, (_, events) => events.length === 2));

        expect(all.map(({ data }) => data['n'])).toEqual([0, 1, 2, 3, 4]);
        expect(later).toEqual(all.slice(3));
        expect(all[0]).toEqual((await read())[0]);
      });

      it('delivers the types and categories that were asked for', async () => {
        const other = `x${category}`;
        for (const type of ['Kept', 'Dropped', 'KeptToo', 'Dropped']) {
          await append([], 'any', { events: [{ type, data: {} }] });
          await append([], 'any', { events: [{ type, data: {} }], stream: `${other}-${orgId}` });
        }
        const wanted = { types: ['Kept', 'KeptToo'], categories: [category, other] };
        const events = eventsOf(await listen(wanted, (_, found) => found.length === 4));
        expect(events.map((event) => [event.type, event.stream])).toEqual([
          ['Kept', stream],
          ['Kept', `${other}-${orgId}`],
          ['KeptToo', stream],
          ['KeptToo', `${other}-${orgId}`],
        ]);
      });

      it('delivers what is appended while it waits', async () => {
        const waiting = listen({}, (_, events) => events.length === 3);
        await listen({}, ({ caughtUp }) => caughtUp);
        await append(numbers(1), 'any');
        await append(numbers(2, 1), 'any');
        expect(eventsOf(await waiting).map(({ data }) => data['n'])).toEqual([0, 1, 2]);
      });

      it('moves its position past events that the filter leaves out, and says when it has caught up', async () => {
        const foreign = { stream: `x${stream}` };
        const { position } = await append(numbers(1), 'any', foreign);
        const caughtUp = await listen(
          {},
          (batch) => batch.caughtUp && comparePositions(batch.position, position) >= 0,
        );
        expect(eventsOf(caughtUp)).toEqual([]);

        let goal: Position | null = null;
        const moved = { enough: false };
        const after = caughtUp.at(-1)?.position ?? null;
        const moving = listen(
          { after },
          (batch) => goal !== null && comparePositions(batch.position, goal) >= 0,
        ).finally(() => (moved.enough = true));
        goal = (await append(numbers(1), 'any', foreign)).position;
        // An engine may report its position only now and then, but must do so even when appends never stop.
        while (!moved.enough) await append(numbers(1), 'any', foreign);
        expect(eventsOf(await moving)).toEqual([]);
      });

      it('never says that it has passed an event which is still to come', async () => {
        const after = (await append(numbers(1), 'any')).position;
        // With this many events left out, an engine reports its position right before it delivers the next ones.
        await append(numbers(100), 'any', { stream: `x${stream}` });
        await append(numbers(3), 'any');
        for (let round = 0; round < 50; round += 1) {
          let passed: Position = after;
          for (const { events, position } of await listen({ after }, (_, seen) => seen.length === 3)) {
            for (const event of events) expect(comparePositions(event.position, passed)).toBeGreaterThan(0);
            passed = position;
          }
        }
      });

      it('tells whether a subscription misses nothing up to a position', async () => {
        const foreign = { stream: `x${stream}` };
        const wanted = { categories: [category], types: ['Tested'] };
        const { position: after } = await append(numbers(1), 'any');
        const { position: left } = await append(numbers(1), 'any', foreign);
        const missed = await append(numbers(1), 'any');
        const { position: behind } = await append(numbers(1), 'any', foreign);
        const holdsNone = (from: Position | null, upTo: Position, more: Partial<typeof wanted> = {}) =>
          store.holdsNone({ after: from, upTo, ...wanted, ...more });
        expect(await holdsNone(after, after)).toBe(true);
        expect(await holdsNone(after, left)).toBe(true);
        expect(await holdsNone(after, missed.position)).toBe(false);
        expect(await holdsNone(after, behind)).toBe(false);
        expect(await holdsNone(missed.position, behind)).toBe(true);
        expect(await holdsNone(after, behind, { types: ['Other'] })).toBe(true);
        expect(await holdsNone(after, left, { categories: [] })).toBe(false);
        // Nobody knows what the log will hold there.
        expect(await holdsNone(behind, `${behind}0`)).toBe(false);
      });

      it('gives a slow consumer batches of the size it asked for', async () => {
        await append(numbers(25), 'any');
        const batches: Batch[] = [];
        const signal = AbortSignal.timeout(TEST_MS_MAX / 2);
        for await (const batch of store.subscribe({
          after: null,
          categories: [category],
          types: [],
          signal,
          batchMax: 10,
        })) {
          batches.push(batch);
          const seen = eventsOf(batches).length;
          if (seen >= 50) break;
          // The log grows while the consumer handles this batch.
          if (seen <= 25) await append(numbers(25, 25), 'any');
        }
        const seen = eventsOf(batches).map(({ data }) => data['n']);
        expect(seen.slice(0, 50)).toEqual(numbers(50).map(({ n }) => n));
        expect(Math.max(...batches.map(({ events }) => events.length))).toBeLessThanOrEqual(10);
      });

      it('serves several subscribers at once', async () => {
        const listeners = numbers(5).map(() => listen({}, (_, events) => events.length === 20));
        for (const item of numbers(20)) await append([item], 'any');
        for (const batches of await Promise.all(listeners)) {
          expect(eventsOf(batches).map(({ data }) => data['n'])).toEqual(numbers(20).map(({ n }) => n));
        }
      });

      it('ends when it is aborted: before it began, and while it waits', async () => {
        const consume = async (signal: AbortSignal, onCaughtUp: () => void) => {
          const batches: Batch[] = [];
          for await (const batch of store.subscribe({
            after: await store.head(),
            categories: [category],
            types: [],
            signal,
          })) {
            batches.push(batch);
            if (batch.caughtUp) onCaughtUp();
          }
          return batches;
        };
        expect(await consume(AbortSignal.abort(), () => undefined)).toEqual([]);

        const controller = new AbortController();
        let abortedAt = 0;
        const abort = () => {
          abortedAt = Date.now();
          controller.abort();
        };
        expect(await consume(controller.signal, () => setImmediate(abort))).not.toEqual([]);
        expect(Date.now() - abortedAt).toBeLessThan(1000);
      });

      it('neither skips nor repeats an event when the store is closed and opened under load', async () => {
        const total = 300;
        const signal = AbortSignal.timeout(TEST_MS_MAX - 5000);
        const write = async ({ n }: { n: number }) => {
          const appending = request([{ n }], n === 0 ? 'no stream' : { revision: String(n - 1) });
          while (!signal.aborted && (await outcome(store.append(appending))) !== 'written') {
            await new Promise(setImmediate);
          }
        };
        const writing = (async () => {
          for (const item of numbers(total)) await write(item);
        })();

        const seen: unknown[] = [];
        let after: Position | null = null;
        for (const enough of [60, 120, 180, total]) {
          for await (const batch of store.subscribe({
            after,
            categories: [category],
            types: [],
            signal,
            batchMax: 20,
          })) {
            seen.push(...batch.events.map(({ data }) => data['n']));
            after = batch.position;
            if (seen.length >= enough) break;
          }
          store = await opened.reopen();
        }
        await writing;

        expect(seen).toEqual(numbers(total).map(({ n }) => n));
        expect(await read()).toHaveLength(total);
      });
    });

    it('folds a stream to its end, however many pages it fills', async () => {
      const page = READ_LIMIT_MAX / 2;
      for (let pages = 0; pages < 3; pages += 1) await append(numbers(page, pages * page), 'any');
      const count = { initial: 0, evolve: (events: number) => events + 1 };
      const folded = await foldStream(store, { orgId, stream }, count);
      expect(folded).toMatchObject({ state: 3 * page, revision: String(3 * page - 1) });
    });

    describe('truncate', () => {
      it('forgets the events before a revision and goes on numbering', async () => {
        await append(numbers(5), 'no stream');
        await store.truncate({ orgId, stream, before: '3' });
        expect((await read()).map(({ revision }) => revision)).toEqual(['3', '4']);
        expect(await append(numbers(1), { revision: '4' })).toMatchObject({ revision: '5' });
      });

      it('leaves a stream that exists, even when it forgets all of it', async () => {
        await append(numbers(3), 'no stream');
        await store.truncate({ orgId, stream, before: '3' });
        expect(await read()).toEqual([]);
        expect(await read({ direction: 'backwards' })).toEqual([]);
        await expect(append(numbers(1), 'no stream')).rejects.toMatchObject({ code: 'WRONG_REVISION' });
        expect(await append(numbers(1), { revision: '2' })).toMatchObject({
          revision: '3',
          duplicate: false,
        });
      });

      it('changes nothing in a stream that does not exist', async () => {
        await store.truncate({ orgId, stream, before: '3' });
        expect(await append(numbers(1), 'no stream')).toMatchObject({ revision: '0' });
      });
    });

    describe('ping', () => {
      it('is answered', async () => {
        await expect(store.ping()).resolves.toBeUndefined();
      });
    });
  });
}

const eventsOf = (batches: readonly Batch[]) => batches.flatMap(({ events }) => events);

const outcome = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => 'written',
    (error: unknown) => (isAppError(error) ? error.code : String(error)),
  );
