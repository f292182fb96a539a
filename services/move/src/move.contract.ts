import { randomBytes, randomUUID } from 'node:crypto';
import { formatRootKey, newKey } from '#libs/crypto';
import {
  eventMetadata,
  type EventMetadata,
  type EventStore,
  type NewEvent,
  type RecordedEvent,
} from '#libs/event-store';
import {
  AUDIT_RELAY_CHECKPOINT,
  openStores,
  prepareDataDirectory,
  storeSettings,
  toStoresConfig,
  type StoreOwner,
  type Stores,
} from '#libs/host';
import type { WrappedKey } from '#libs/key-store';
import { newCommandId, newId, readEnv, Redacted, systemClock } from '#libs/kernel';
import { createLogger } from '#libs/observability';
import type { Document, ReadStore } from '#libs/read-store';
import type { Side } from './config';
import { EventSink } from './events/event-sink';
import { readLog } from './events/read-log';
import { Move } from './move';
import type { Progress } from './report/progress';
import { runMove, type MoveOptions } from './run-move';
import { openSource, openTarget, openTargetToLookAt, type OpenSide } from './sides/open-side';

/** Gives the settings of new, empty stores. The suite adds the root key. */
export type NewPlace = () => Promise<Readonly<Record<string, string>>>;

const TEST_MS_MAX = 60_000;
const LEASE_MS = 60_000;
const rootKey = formatRootKey(newKey());

/** The tests that a move must pass for every pair of engines. */
export function moveContract(name: string, newSource: NewPlace, newTarget: NewPlace): void {
  describe(`a move ${name}`, () => {
    jest.setTimeout(TEST_MS_MAX);
    let source: Side;
    let filled: Filled;
    let target: Side;

    const fillSource = async () => {
      source = sideOf('the source', await newSource());
      filled = await fill(source);
    };
    beforeAll(fillSource);
    beforeEach(async () => (target = sideOf('the target', await newTarget())));

    const move = (mode: MoveOptions['mode'] = 'copy') => run({ source, target, mode });
    const expectRefused = async (words: RegExp) => {
      const before = await contentOf(target);
      await expect(move()).rejects.toMatchObject(refusal(words));
      expect(await contentOf(target)).toEqual(before);
    };
    const expectNoStart = () =>
      expect(openStores(target.stores, options)).rejects.toMatchObject({ code: 'ROOT_KEY_INVALID' });
    const expectComplete = async () => {
      expect(await contentOf(target)).toEqual(await contentOf(source));
      await expectItOpens(target, filled);
    };

    it('copies events with their ids and order, keys and records, and nothing of projections', async () => {
      const { done, screen } = await move();
      expect([done, screen]).toEqual([true, expect.stringContaining('Complete: both sides hold the same.')]);
      expect(screen).toContain('Not copied: the root key.');
      const { events, keys, records } = await contentOf(source);
      expect([events.length >= 14, keys.length, records.length]).toEqual([true, 9, 5]);
      await expectComplete();
      await looking(target, async (side) => {
        for (const owner of ['access', 'secrets-command', 'secrets-query'] as const)
          expect((await side.reads.get(owner)?.contents())?.isProjected).toBe(false);
        // The checkpoint of the target's relay is at the same event as the source's: the creation of the second secret.
        const relayed = await side.reads.get('audit-relay')?.checkpoint(AUDIT_RELAY_CHECKPOINT);
        expect(relayed).toBe((await creationOf(side.events, filled.values[1]))?.position);
        const answers = side.reads
          .get('secrets-command')
          ?.listRecords('answers_v1', { afterId: '', limit: 1 });
        // The position in a recorded answer has become the end of the copied log.
        expect(await answers).toMatchObject([{ outcome: { reply: { position: await side.events.head() } } }]);
      });
    });

    it('writes nothing when it is told to look only, nor when it is complete', async () => {
      const { screen } = await move('dry-run');
      expect(screen).toMatch(/^events +\d+ +0 .* \d+ missing$/m);
      expect((await move('verify')).done).toBe(false);
      expect(await contentOf(target)).toEqual(nothing);

      await move();
      const before = await contentOf(target);
      const again = await move();
      expect([again.done, again.screen]).toEqual([true, expect.stringContaining('Complete')]);
      expect(await move('verify')).toMatchObject({ done: true });
      expect(await contentOf(target)).toEqual(before);
    });

    it('lets no service start on a copy that was interrupted, and goes on from there', async () => {
      const steps: [step: RegExp, items: number][] = [
        [/^Copying events/, 1],
        [/^Copying records/, 1],
        [/^Verifying keys/, 1],
        [/^Verifying records/, 5],
      ];
      for (const [step, items] of steps) {
        await interrupted({ source, target }, step, items);
        await expectNoStart();
      }
      expect(await move()).toMatchObject({ done: true });
      await expectComplete();
    });

    it('goes on when the source has gone on, but not when it has forgotten', async () => {
      await fillSource();
      await interrupted({ source, target }, /^Copying records/, 2);
      await using(source, async (stores) => {
        filled = { ...filled, values: [...filled.values, await createSecret(stores, 'a late value')] };
      });
      expect(await move()).toMatchObject({ done: true });
      await expectComplete();

      target = sideOf('the target', await newTarget());
      await interrupted({ source, target }, /^Verifying keys/, 1);
      await using(source, (stores) => stores.keyring.destroy([filled.values[0]?.sealed.dataKeyId ?? '']));
      await expectRefused(/the target holds the data key .* empty the target/i);
      await expectNoStart();
      await fillSource();
    });

    it.each<[string, RegExp, (stranger: OpenSide) => Promise<unknown>]>([
      ['another event', /holds the event Other at revision 0 of secret-/, addEvent],
      ['another key', /holds the instance key other/, ({ keys }) => keys.insert(someKey('other'))],
      [
        'another record',
        /holds the record other in users_v1 of access/,
        (side) => putUser(side, { id: 'other' }),
      ],
      [
        'lists',
        /store of secrets-query in the target holds lists/,
        ({ reads }) => project(reads.get('secrets-query')),
      ],
      ['an installation', /holds an installation already/, ({ keys }) => keys.setRootKeyState(someState)],
    ])('is refused by a target that holds %s, and leaves it as it is', async (_, words, prepare) => {
      await opened(await openTarget(target), prepare);
      await expectRefused(words);
    });

    it('is refused by an installation that has left the source behind', async () => {
      await move();
      await using(target, (stores) => createSecret(stores, 'only here'));
      await expectRefused(/holds an installation already/);
    });

    it('notices that the source is used meanwhile, whatever is written there', async () => {
      await fillSource();
      const late = append(filled.orgId, 'access', 'late', 'any', readings(1));
      const writes: [RegExp, (side: OpenSide) => Promise<unknown>][] = [
        [/^Copying events/, ({ keys }) => keys.insert(someKey('late'))],
        [/^Copying records/, ({ events }) => events.append(late)],
        [/^Verifying keys/, (side) => putUser(side, { id: 'late' })],
      ];
      for (const [step, write] of writes) {
        const moving = bothOpened({ source, target }, async (from, to) => {
          const copying = new Move(
            from,
            to,
            before(step, () => write(from)),
          );
          await copying.copy(await copying.survey());
        });
        await expect(moving).rejects.toMatchObject(refusal(/was used while it was copied/));
        await expectNoStart();
      }
      expect(await move()).toMatchObject({ done: true });
      await expectComplete();
    });

    it('refuses a source that was never used, and a copy that is not finished', async () => {
      const empty = sideOf('the target', await newTarget());
      const onwards = { source: target, target: empty, mode: 'copy' } as const;
      await expect(run(onwards)).rejects.toMatchObject({ code: 'MOVE_REFUSED' });
      await interrupted({ source, target }, /^Verifying keys/, 1);
      await expect(run(onwards)).rejects.toMatchObject(refusal(/a copy that was not finished/));
    });

    it('shows in a verification what a complete copy has lost, has changed and has besides', async () => {
      await move();
      const [id, other] = filled.values.map(({ sealed }) => sealed.dataKeyId);
      const tampered = async (tamper: (side: OpenSide) => Promise<unknown>) => {
        await opened(await openTarget(target), tamper);
        const { done, screen } = await move('verify');
        expect([done, screen]).toEqual([false, expect.stringContaining('They differ.')]);
        return screen;
      };

      const lost = await tampered(async (side) => {
        await side.keys.destroy([id ?? '']);
        await addEvent(side);
        await putUser(side, null);
      });
      expect(lost).toMatch(/^keys .* 1 missing$/m);
      expect(lost).toMatch(/^events .* differ: the event Other at revision 0 of secret-/m);
      expect(lost).toMatch(/^records .* 1 missing$/m);

      const changed = await tampered(async (side) => {
        await side.keys.rewrap([{ id: other ?? '', parent: 'x', wrapped: randomBytes(64) }]);
        await putUser(side, { id: 'a', email: 'else@example.org' });
      });
      expect(changed).toContain(`differ: the data key ${other}`);
      expect(changed).toMatch(/^records .* differ: the record a in users_v1 of access$/m);
    });

    it.each<[string, RegExp, (event: RecordedEvent, n: number) => RecordedEvent | null]>([
      [
        'a changed event',
        /^events .* differ: the event SecretCreated at revision 0 of secret-/m,
        (event) => (event.type === 'SecretCreated' ? { ...event, data: { changed: true } } : event),
      ],
      [
        'an event of another type',
        /^events .* differ: the event Other at revision 0 of secret-/m,
        (event) => (event.type === 'SecretCreated' ? { ...event, type: 'Other' } : event),
      ],
      [
        'an event missing in between',
        /^events .* differ: the event/m,
        (event, n) => (n === 2 ? null : event),
      ],
      ['no end', /^events .* [1-9]\d* missing$/m, (event, n) => (n < 9 ? event : null)],
    ])(
      'shows a log with %s, and goes on with nothing but the beginning of its own',
      async (_, words, change) => {
        await bothOpened({ source, target }, async (from, to) => {
          const sink = new EventSink(to);
          let n = 0;
          for await (const event of readLog(from.events)) {
            const written = change(event, n++);
            if (written) await sink.take(written);
          }
          await sink.end();
        });
        const { done, screen } = await move('verify');
        expect([done, screen]).toEqual([false, expect.stringMatching(words)]);
        if (!/missing/.test(String(words))) return expectRefused(/holds the event/);
        expect(await move()).toMatchObject({ done: true });
        await expectComplete();
      },
    );
  });
}

interface Filled {
  readonly orgId: string;
  readonly values: readonly Value[];
}
interface Value {
  readonly orgId: string;
  readonly secretId: string;
  readonly sealed: { readonly envelope: string; readonly dataKeyId: string };
  readonly text: string;
}

const logger = createLogger({ level: 'error', service: 'suite', destination: { write: () => undefined } });
const options = { clock: systemClock, logger };
const otherOrg = newId('org', new Date());
const nothing = { events: [], keys: [], records: [], rootKey: null };
const someState = { current: 'x', previous: null, retired: [] };

const refusal = (words: RegExp) => ({
  code: 'MOVE_REFUSED',
  safeMessage: expect.stringMatching(words) as string,
});

const addEvent = ({ events }: OpenSide) =>
  events.append(append(otherOrg, 'secret', 'x', 'no stream', [{ type: 'Other', data: {} }]));

/** Writes a user record, or removes one if `user` is null. */
async function putUser({ reads }: OpenSide, user: Document | null): Promise<void> {
  const access = reads.get('access');
  await access?.ensureCollection({ name: 'users_v1', fields: {}, indexes: [] });
  await (user ? access?.put('users_v1', user) : access?.remove('users_v1', 'b 😀'));
}

function sideOf(name: string, settings: Readonly<Record<string, string>>): Side {
  return { name, stores: toStoresConfig(readEnv({ ...settings, ROOT_KEY: rootKey }, storeSettings)) };
}

/**
 * Fills an installation with what is hard to copy: appends of several events, two appends of one command, and a stream
 * that has lost its beginning.
 */
async function fill(side: Side): Promise<Filled> {
  const orgId = newId('org', new Date());
  const values: Value[] = [];
  await using(side, async (stores) => {
    const { events, keyring } = stores;
    await keyring.instanceKey('api-key-pepper');
    const expired = append(orgId, 'access', '20240101', 'any', readings(4));
    await events.append(expired);
    await events.append(append(orgId, 'access', '20240101', 'any', readings(2)));
    for (let n = 0; n < 3; n += 1) {
      values.push(await createSecret(stores, `value ${n} of ${orgId}`, orgId));
      await events.append(append(orgId, 'access', '20250101', 'any', readings(1)));
    }
    // This cuts the first append in the middle.
    await events.truncate({ orgId, stream: expired.stream, before: '2' });
    const [, , last] = values;
    const change = append(orgId, 'secret', last?.secretId ?? '', { revision: '0' }, [
      {
        type: 'SecretRenamed',
        data: { 'a key': [{ 'another.key': [[1], 1.5, null, true] }], b: '€😀\u2028' },
      },
      { type: 'SecretMetadataChanged', data: { z: 1, a: { 10: 'x', 9: 'y' } } },
    ]);
    await events.append(change);
    // One command appends twice to one stream, so both appends begin with the same event id.
    const shred = append(orgId, 'secret', last?.secretId ?? '', { revision: '2' }, [{ type: 'SecretShredStarted', data: {} }]); // prettier-ignore
    await events.append(shred);
    await events.append({ ...shred, expected: { revision: '3' }, events: [{ type: 'SecretShredded', data: {} }] }); // prettier-ignore
    await fillReadStores(stores);
    const relay = await stores.readStoreOf('audit-relay');
    const fence = Number(await relay.acquireLease(AUDIT_RELAY_CHECKPOINT, 'suite', LEASE_MS));
    const { position = '' } = (await creationOf(events, values[1])) ?? {};
    await relay.project(AUDIT_RELAY_CHECKPOINT, [], position, fence);
  });
  return { orgId, values: values.slice(0, 2) };
}

async function fillReadStores(stores: Stores): Promise<void> {
  const records: [StoreOwner, string, Document][] = [
    ['access', 'sessions_v1', { id: 's', position: 'not one', expiresAt: null }],
    ['access', 'users_v1', { id: 'a', email: 'a@example.org' }],
    ['access', 'users_v1', { id: 'b 😀', email: 'b@example.org', list: [{ deep: [1] }] }],
    ['secrets-command', 'answers_v1', { id: 'k', outcome: { reply: { position: '123456789012', revision: '3' } } }], // prettier-ignore
    ['secrets-command', 'answers_v1', { id: 'l', outcome: { error: { code: 'X' } } }],
  ];
  for (const [owner, collection, document] of records) {
    const store = await stores.readStoreOf(owner);
    await store.ensureCollection({ name: collection, fields: { email: 'string' }, indexes: [['email']] });
    await store.put(collection, document);
    await store.close();
  }
  const lists = await stores.readStoreOf('secrets-query');
  await project(lists);
  await lists.close();
}

async function project(store: ReadStore | undefined): Promise<void> {
  const collection = 'secrets_v1';
  await store?.ensureCollection({ name: collection, fields: {}, indexes: [] });
  const fence = Number(await store?.acquireLease('list.1', 'suite', LEASE_MS));
  await store?.project(
    'list.1',
    [{ kind: 'put', collection, document: { id: 'sec_01' }, revision: '0' }],
    '1',
    fence,
  );
}

async function createSecret(stores: Stores, text: string, orgId = newId('org', new Date())): Promise<Value> {
  const secretId = newId('sec', new Date());
  const sealed = await stores.keyring.seal(orgId, secretId, 1, new Redacted(text));
  const created = { type: 'SecretCreated', data: { secret: { id: secretId, version: 1 }, sealed } };
  await stores.events.append(append(orgId, 'secret', secretId, 'no stream', [created]));
  return { orgId, secretId, sealed, text };
}

async function creationOf(events: EventStore, value: Pick<Value, 'orgId' | 'secretId'> | undefined) {
  const { orgId = '', secretId } = value ?? {};
  const [created] = await events.read({ orgId, stream: `secret-${orgId}.${secretId}`, limit: 1 });
  return created;
}

const readings = (count: number): NewEvent[] =>
  Array.from({ length: count }, (_, n) => ({ type: 'SecretRead', data: { n, address: '203.0.113.7' } }));

function append(
  orgId: string,
  category: string,
  rest: string,
  expected: Parameters<EventStore['append']>[0]['expected'],
  events: readonly NewEvent[],
) {
  return { orgId, stream: `${category}-${orgId}.${rest}`, events, expected, metadata: metadataOf(orgId) };
}

function metadataOf(orgId: string): EventMetadata {
  const commandId = newCommandId(new Date());
  const caller = { orgId, actorType: 'key', actorId: 'key_01' };
  return eventMetadata({ caller, commandId, correlationId: randomUUID(), at: new Date().toISOString(), producer: 'suite' }); // prettier-ignore
}

function someKey(id: string): WrappedKey {
  const createdAt = '2026-01-01T00:00:00.000Z';
  return { id, purpose: 'instance', parent: 'x', orgId: '', secretId: '', generation: 1, createdAt, wrapped: randomBytes(64) }; // prettier-ignore
}

async function using(side: Side, work: (stores: Stores) => Promise<unknown>): Promise<void> {
  prepareDataDirectory(side.stores.dataDir);
  const stores = await openStores(side.stores, options);
  try {
    await work(stores);
  } finally {
    await stores.close();
  }
}

async function opened<T>(side: OpenSide, work: (side: OpenSide) => Promise<T>): Promise<T> {
  try {
    return await work(side);
  } finally {
    await side.close();
  }
}

const looking = async <T>(side: Side, work: (side: OpenSide) => Promise<T>) =>
  opened(await openTargetToLookAt(side), work);

const bothOpened = async (
  { source, target }: { source: Side; target: Side },
  work: (from: OpenSide, to: OpenSide) => Promise<void>,
) =>
  opened(await openSource(source), async (from) => opened(await openTarget(target), (to) => work(from, to)));

/** Gives everything that must be equal in a copy, so without positions, and without the revisions of aging streams. */
function contentOf(side: Side) {
  return looking(side, async ({ events, keys, reads: stores, ages }) => {
    const log: unknown[] = [];
    for await (const { position: _, revision, ...event } of readLog(events)) {
      log.push(ages(event.stream) ? event : { ...event, revision });
    }
    const purposes = ['instance', 'organization', 'data'] as const;
    const lists = purposes.map((purpose) => keys.list({ purpose, limit: 100 }));
    const rows = (await Promise.all(lists)).flat();
    const records: unknown[] = [];
    for (const [owner, store] of stores) {
      for (const collection of (await store.contents()).recordCollections) {
        for (const found of await store.listRecords(collection, { afterId: '', limit: 100 })) {
          const document: unknown = JSON.parse(
            JSON.stringify(found).replace(/"position":"\d+"/, '"position":""'),
          );
          records.push({ owner, collection, document });
        }
      }
    }
    const wrapped = rows.map((row) => ({ ...row, wrapped: Buffer.from(row.wrapped).toString('hex') }));
    return { events: log, keys: wrapped, records, rootKey: await keys.rootKeyState() };
  });
}

async function expectItOpens(side: Side, { values }: Filled): Promise<void> {
  await using(side, async ({ keyring, events }) => {
    for (const { orgId, secretId, sealed, text } of values) {
      expect((await creationOf(events, { orgId, secretId }))?.data).toMatchObject({ sealed });
      expect((await keyring.open(orgId, secretId, 1, sealed)).expose()).toBe(text);
    }
  });
}

async function run(
  options: Omit<MoveOptions, 'screen' | 'meanwhile'>,
): Promise<{ done: boolean; screen: string }> {
  let screen = '';
  const taking = { write: (text: string) => (screen += text) };
  const done = await runMove({ ...options, screen: taking, meanwhile: { write: () => undefined } });
  return { done, screen };
}

/** Runs a move that fails when a step has handled so many items. */
async function interrupted(
  sides: { source: Side; target: Side },
  step: RegExp,
  items: number,
): Promise<void> {
  const power = new Error('The power went off');
  const progress: Progress = {
    step(name, _, work) {
      let count = 0;
      return work(() => {
        count += 1;
        if (step.test(name) && count === items) throw power;
      });
    },
  };
  const moving = bothOpened(sides, async (from, to) => {
    const move = new Move(from, to, progress);
    const survey = await move.survey();
    await move.assertMovable(survey);
    await move.copy(survey);
  });
  await expect(moving).rejects.toBe(power);
}

/** Gives a progress display that runs `work` right before a step. */
function before(step: RegExp, work: () => Promise<unknown>): Progress {
  return {
    async step(name, _, copying) {
      if (step.test(name)) await work();
      return copying(() => undefined);
    },
  };
}
