import { eventMetadata, foldStream, type Expected } from '#libs/event-store';
import { secretFold, secretStream, type SecretEvent, type SealedValue } from '#libs/events';
import { newCommandId, Redacted } from '#libs/kernel';
import { createLogger } from '#libs/observability';
import { intercepted, openTestStores, someSecret, type TestStores } from '#libs/testing';
import { SecretStreams } from '../secrets/secret-streams';
import { OrphanKeys } from './orphan-keys';

jest.setTimeout(60_000);

const orgId = 'org_test';
const DAY_MS = 24 * 3_600_000;
const always = () => Promise.resolve(true);

describe('OrphanKeys', () => {
  let stores: TestStores;
  let streams: SecretStreams;
  let lines: string[];

  beforeEach(async () => {
    stores = await openTestStores();
    streams = new SecretStreams(stores.events, stores.keyring);
    lines = [];
  });
  afterEach(() => stores.discard());

  const logger = () =>
    createLogger({ level: 'info', service: 'test', destination: { write: (line) => lines.push(line) } });
  const orphanKeys = async (over: Partial<TestStores> = {}) => {
    const { clock, events, reads, keyring } = { ...stores, ...over };
    const orphans = new OrphanKeys(clock, events, logger(), reads, keyring);
    await orphans.onModuleInit();
    return orphans;
  };
  const sweep = async () => (await orphanKeys()).sweep(always);

  const seal = (id: string, version: number) =>
    stores.keyring.seal(orgId, id, version, new Redacted(`value ${version} of ${id}`));
  const isThere = async ({ dataKeyId }: SealedValue) => (await stores.keys.get(dataKeyId)) !== null;
  const metadata = () => {
    const caller = { orgId, actorType: 'api-key', actorId: 'key_test' };
    const at = stores.clock.now().toISOString();
    return eventMetadata({
      caller,
      commandId: newCommandId(new Date()),
      correlationId: 'test',
      at,
      producer: 'test',
    });
  };
  const load = (id: string) =>
    foldStream(stores.events, { orgId, stream: secretStream(orgId, id) }, secretFold);
  const eventOf = (id: string, version: number, sealed: SealedValue): SecretEvent => {
    const secret = { ...someSecret, id, version };
    return version === 1
      ? { type: 'SecretCreated', data: { secret, sealed } }
      : { type: 'SecretUpdated', data: { secret, sealed, reason: 'value' } };
  };
  /** The second half of a command: appends at the revision that its first half has read. */
  const append = async (id: string, version: number, sealed: SealedValue, expected?: Expected) =>
    streams.append(
      {
        secretId: id,
        events: [eventOf(id, version, sealed)],
        expected: expected ?? (await load(id)).expected,
        metadata: metadata(),
      },
      sealed,
    );
  const write = async (id: string, version: number) => {
    const sealed = await seal(id, version);
    await append(id, version, sealed);
    return sealed;
  };
  const open = async (id: string, version: number, sealed: SealedValue) =>
    (await stores.keyring.open(orgId, id, version, sealed)).expose();

  it('collects what a crash left of a creation and of a change, a day later, and no key that an event names', async () => {
    const named = [await write('sec_a', 1), await write('sec_a', 2)];
    const ofCreation = await seal('sec_never', 1);
    const ofChange = await seal('sec_a', 3);
    stores.clock.pass(DAY_MS);
    await sweep();
    expect(await Promise.all([ofCreation, ofChange].map(isThere))).toEqual([true, true]);

    stores.clock.pass(1);
    const young = await seal('sec_young', 1);
    await sweep();
    expect(await Promise.all([ofCreation, ofChange].map(isThere))).toEqual([false, false]);
    expect(await isThere(young)).toBe(true);
    for (const [at, sealed] of named.entries())
      expect(await open('sec_a', at + 1, sealed)).toBe(`value ${at + 1} of sec_a`);
    expect(lines.join()).toContain('"count":2');
    expect(lines.join()).not.toContain(ofCreation.dataKeyId);
  });

  it('collects the key of a repeated command, and needs no event for it', async () => {
    const unused = await seal('sec_a', 1);
    const used = await write('sec_a', 1);
    const unusedChange = await seal('sec_a', 2);
    const usedChange = await write('sec_a', 2);
    const { revision } = await load('sec_a');
    stores.clock.pass(DAY_MS + 1);
    await sweep();
    expect(await Promise.all([unused, used, unusedChange, usedChange].map(isThere))).toEqual([
      false,
      true,
      false,
      true,
    ]);
    expect((await load('sec_a')).revision).toBe(revision);
  });

  it.each([
    ['a creation', 'sec_late', 1],
    ['a change', 'sec_a', 3],
  ])('lets %s that slept for days fail rather than name a key that is gone', async (_, id, version) => {
    await write('sec_a', 1);
    await write('sec_a', 2);
    const { expected } = await load(id);
    const sealed = await seal(id, version);
    stores.clock.pass(3 * DAY_MS);
    await sweep();
    expect(await isThere(sealed)).toBe(false);

    await expect(append(id, version, sealed, expected)).rejects.toMatchObject({
      code: 'WRONG_REVISION',
    });
    const { state } = await load('sec_a');
    expect(state).toMatchObject({ status: 'live', secret: { version: 2 } });
    if (id === 'sec_late') expect((await load(id)).state.status).toBe('abandoned');
  });

  it.each([
    ['a creation', 'sec_late', 1],
    ['a change', 'sec_a', 3],
  ])('keeps the key of %s that comes in while it is about to be destroyed', async (_, id, version) => {
    await write('sec_a', 1);
    await write('sec_a', 2);
    const { expected } = await load(id);
    const sealed = await seal(id, version);
    stores.clock.pass(3 * DAY_MS);
    // The sweep has seen that no event names the key; before its own event is in, the late one is.
    let late: Promise<unknown> | undefined;
    const events = intercepted(stores.events, {
      async append(request) {
        late ??= append(id, version, sealed, expected);
        await late;
        return stores.events.append(request);
      },
    });
    await (await orphanKeys({ events })).sweep(always);
    await expect(late).resolves.toMatchObject({ duplicate: false });
    expect(await open(id, version, sealed)).toBe(`value ${version} of ${id}`);
    expect((await load(id)).state).toMatchObject({ status: 'live', secret: { version } });
  });

  it('goes on after a crash at every step', async () => {
    const orphans = [await seal('sec_never', 1)];
    await write('sec_a', 1);
    orphans.push(await seal('sec_a', 2));
    stores.clock.pass(DAY_MS + 1);
    const crash = () => Promise.reject(new Error('crash'));
    const crashing: Partial<TestStores>[] = [
      { keyring: intercepted(stores.keyring, { destroy: crash }) },
      { keyring: intercepted(stores.keyring, { destroy: (ids) => stores.keyring.destroy(ids).then(crash) }) },
      { reads: intercepted(stores.reads, { put: crash }) },
    ];
    for (const over of crashing) {
      await expect((await orphanKeys(over)).sweep(always)).rejects.toThrow('crash');
      expect((await load('sec_a')).state).toMatchObject({ status: 'live' });
    }
    await sweep();
    expect(await Promise.all(orphans.map(isThere))).toEqual([false, false]);
  });

  it('works in batches, judges no key twice, and stops when it is told to', async () => {
    const named: SealedValue[] = [];
    const ids = Array.from({ length: 50 }, (_, at) => `sec_${at}`);
    for (let version = 1; version <= 14; version += 1) {
      named.push(...(await Promise.all(ids.map((id) => write(id, version)))));
      stores.clock.pass(1);
    }
    const orphan = await seal('sec_0', 15);
    stores.clock.pass(DAY_MS + 1);
    let asked = 0;
    await (await orphanKeys()).sweep(() => Promise.resolve((asked += 1) === 1));
    expect(asked).toBe(2);
    expect(await isThere(orphan)).toBe(true);

    const reads = jest.spyOn(stores.events, 'read');
    await sweep();
    expect(await isThere(orphan)).toBe(false);
    // The second batch: 200 keys of 50 secrets, and the orphan's once more.
    expect(reads.mock.calls.length).toBe(51);
    await sweep();
    expect(reads.mock.calls.length).toBe(51);
    expect((await Promise.all(named.map(isThere))).every(Boolean)).toBe(true);
  });

  it('destroys nothing when the log cannot be the one that the keys were made for', async () => {
    const keys = await Promise.all(Array.from({ length: 300 }, (_, at) => seal(`sec_${at}`, 1)));
    stores.clock.pass(DAY_MS + 1);
    await sweep();
    expect((await Promise.all(keys.map(isThere))).every(Boolean)).toBe(true);
    expect(await stores.events.head()).toBeNull();
    expect(lines.join()).toContain('orphan keys are left alone');
  });

  it('leaves the keys of a secret alone whose stream cannot be folded, and goes on', async () => {
    const orphan = await seal('sec_never', 1);
    const stream = secretStream(orgId, 'sec_odd');
    const events = [{ type: 'SecretTeleported', data: {} }];
    await stores.events.append({ orgId, stream, events, expected: 'no stream', metadata: metadata() });
    const odd = await seal('sec_odd', 1);
    stores.clock.pass(DAY_MS + 1);
    await sweep();
    expect(await Promise.all([orphan, odd].map(isThere))).toEqual([false, true]);
    expect(lines.join()).toContain('keys of a secret are left alone');
  });

  it('waits when a store is away', async () => {
    const orphan = await seal('sec_never', 1);
    stores.clock.pass(DAY_MS + 1);
    const events = intercepted(stores.events, {
      read: () => Promise.reject(Object.assign(new Error(), { code: 'STORE_UNAVAILABLE', safeMessage: '' })),
    });
    const orphans = await orphanKeys({ events });
    await expect(orphans.sweep(always)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await isThere(orphan)).toBe(true);
    await sweep();
    expect(await isThere(orphan)).toBe(false);
  });
});
