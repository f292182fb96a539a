import { keysStream } from '#libs/events';
import { ORGANIZATION_KEY_TTL_MS, type Keyring, type KeyStore, type Sealed } from '#libs/key-store';
import { Redacted } from '#libs/kernel';
import { createLogger } from '#libs/observability';
import { intercepted, openTestStores, type TestStores } from '#libs/testing';
import { KeyMaintenance } from './key-maintenance';
import { KeyRotations } from './key-rotations';
import { OrphanKeys } from './orphan-keys';
import { RevivedKeys } from './revived-keys';

jest.setTimeout(60_000);

const orgId = 'org_test';
const SETTLED_MS = ORGANIZATION_KEY_TTL_MS + 60_000;
const logger = createLogger({ level: 'silent', service: 'test' });

describe('KeyRotations', () => {
  let stores: TestStores;
  let sealed: Map<string, Sealed>;

  beforeEach(async () => {
    stores = await openTestStores();
    sealed = new Map();
    await Promise.all(Array.from({ length: 250 }, (_, at) => write(stores.keyring, `sec_${at}`)));
  });
  afterEach(() => stores.discard());

  async function write(keyring: Keyring, id: string): Promise<void> {
    sealed.set(id, await keyring.seal(orgId, id, 1, new Redacted(`value of ${id}`)));
  }
  /** Another process, or this one after a restart. */
  async function start(over: Partial<TestStores> = {}): Promise<KeyRotations> {
    const { clock, events, reads, keyring } = { ...stores, keyring: await stores.openKeyring(), ...over };
    const rotations = new KeyRotations(clock, events, logger, reads, keyring);
    await rotations.onModuleInit();
    return rotations;
  }
  const always = () => Promise.resolve(true);
  const left = (generation: number) =>
    stores.keys.count({ purpose: 'data', parent: `${orgId}.${generation}` });
  const told = () => stores.events.read({ orgId, stream: keysStream(orgId), limit: 10 });
  async function expectAllReadable(keyring?: Keyring): Promise<void> {
    const reader = keyring ?? (await stores.openKeyring());
    const opened = [...sealed].map(async ([id, each]) => (await reader.open(orgId, id, 1, each)).expose());
    expect(await Promise.all(opened)).toEqual([...sealed.keys()].map((id) => `value of ${id}`));
  }

  it('replace the key while values are written and read, and say so once it is done', async () => {
    const elsewhere = stores.keyring;
    const keyring = await stores.openKeyring();
    const rotations = await start({ keyring });
    expect(await rotations.start(orgId)).toBe(2);
    expect(await rotations.underWay(orgId)).toBe(2);
    await rotations.advance(always);
    await expectAllReadable(elsewhere);
    // Another process has not learnt of the new key yet; and this one seals under it.
    await write(elsewhere, 'sec_elsewhere');
    await write(keyring, 'sec_here');
    expect([await left(1), await told()]).toEqual([1, []]);
    await rotations.advance(always);
    expect([await left(1), await told()]).toEqual([0, []]);

    stores.clock.pass(SETTLED_MS);
    await write(elsewhere, 'sec_later');
    await rotations.advance(always);
    expect([await left(1), await left(2)]).toEqual([0, 253]);
    const at = stores.clock.now().toISOString();
    expect(await told()).toMatchObject([
      {
        type: 'KeyEncryptionKeyRotated',
        data: { generation: 2, rotatedAt: at, damaged: 0 },
        metadata: { orgId, actorType: 'system', actorId: 'key-rotation' },
      },
    ]);
    expect(await rotations.underWay(orgId)).toBeNull();
    for (const each of [elsewhere, keyring]) await expectAllReadable(each);

    expect(await rotations.start(orgId)).toBe(3);
  });

  it('are one when they are started twice, and go on for each organization', async () => {
    await stores.keyring.seal('org_other', 'sec_a', 1, new Redacted('x'));
    const processes = await Promise.all([start(), start(), start()]);
    expect(await Promise.all(processes.map((each) => each.start(orgId)))).toEqual([2, 2, 2]);
    expect(await processes[0].start('org_other')).toBe(2);
    await Promise.all(processes.map((each) => each.advance(always)));
    stores.clock.pass(SETTLED_MS);
    // At the same time, without the lease that saves this work.
    await Promise.allSettled(processes.map((each) => each.advance(always)));
    await (await start()).advance(always);
    expect(await told()).toHaveLength(1);
    expect(await stores.keys.count({ purpose: 'data', parent: 'org_other.2' })).toBe(1);
    expect([await left(1), await left(2)]).toEqual([0, 250]);
    await expectAllReadable();
  });

  /** A process that dies at one step, and what it had done by then. */
  const crash = () => Promise.reject(new Error('crash'));
  const steps: [string, (stores: TestStores) => Promise<Partial<TestStores>>][] = [
    ['before the new key is made', async (s) => withKeys(s, { insert: crash })],
    ['once the new key is made', async ({ reads }) => ({ reads: intercepted(reads, { put: crash }) })],
    ['before the first batch', async (s) => withKeys(s, { rewrap: crash })],
    [
      'after the second batch',
      async (s) => {
        let batches = 0;
        const rewrap: KeyStore['rewrap'] = (rows) => ((batches += 1) > 2 ? crash() : s.keys.rewrap(rows));
        return withKeys(s, { rewrap });
      },
    ],
    ['before the event', async ({ events }) => ({ events: intercepted(events, { append: crash }) })],
    [
      'after the event',
      async ({ events }) => ({
        events: intercepted(events, { append: (request) => events.append(request).then(crash) }),
      }),
    ],
    ['before the note is dropped', async ({ reads }) => ({ reads: intercepted(reads, { remove: crash }) })],
  ];
  async function withKeys(s: TestStores, changes: Partial<KeyStore>): Promise<Partial<TestStores>> {
    return { keyring: await s.openKeyring(intercepted(s.keys, changes)) };
  }

  it.each(steps)('go on after a crash %s', async (_, over) => {
    await (await start()).start(orgId);
    let crashed = 0;
    const advance = async (rotations: KeyRotations) =>
      rotations.advance(always).catch((error: unknown) => {
        expect(error).toMatchObject({ message: 'crash' });
        crashed += 1;
      });
    await advance(await start(await over(stores)));
    await expectAllReadable();
    stores.clock.pass(SETTLED_MS);
    await advance(await start(await over(stores)));
    await expectAllReadable();
    expect(crashed).toBeGreaterThan(0);

    const resumed = await start();
    await resumed.advance(always);
    stores.clock.pass(SETTLED_MS);
    await resumed.advance(always);
    expect([await left(1), await left(2)]).toEqual([0, 250]);
    expect(await told()).toHaveLength(1);
    expect(await resumed.underWay(orgId)).toBeNull();
    expect(await stores.keys.list({ purpose: 'organization', orgId, limit: 9 })).toHaveLength(2);
    await expectAllReadable();
  });

  it('stop between two batches when they are told to', async () => {
    const rotations = await start();
    await rotations.start(orgId);
    let asked = 0;
    await rotations.advance(() => Promise.resolve((asked += 1) <= 2));
    expect(await left(2)).toBe(100);
    await rotations.advance(always);
    expect(await left(2)).toBe(250);
  });

  it('finish in spite of a damaged key, and tell of it', async () => {
    const rotations = await start();
    await rotations.start(orgId);
    const damaged = sealed.get('sec_7')?.dataKeyId ?? '';
    sealed.delete('sec_7');
    await stores.keys.rewrap([{ id: damaged, parent: `${orgId}.1`, wrapped: new Uint8Array(64) }]);
    await rotations.advance(always);
    stores.clock.pass(SETTLED_MS);
    await rotations.advance(always);
    expect(await told()).toMatchObject([{ data: { generation: 2, damaged: 1 } }]);
    expect(await left(1)).toBe(1);
    await expectAllReadable();
  });

  it('are driven by one process at a time, by the next when that one is gone', async () => {
    const maintenance = async () => {
      const rotations = await start();
      const { clock, events, reads, keyring } = stores;
      const orphans = new OrphanKeys(clock, events, logger, reads, keyring);
      await orphans.onModuleInit();
      const revived = new RevivedKeys(events, logger, keyring);
      return new KeyMaintenance(logger, stores.reads, rotations, orphans, revived);
    };
    await (await start()).start(orgId);
    const [one, other] = [await maintenance(), await maintenance()];
    // Somebody holds the lease, and has died with it.
    await stores.reads.acquireLease('key-maintenance', 'dead', 300);
    await one.run();
    expect(await left(2)).toBe(0);
    const end = performance.now() + 10_000;
    while ((await left(2)) === 0 && performance.now() < end) await other.run();
    expect(await left(2)).toBe(250);
    await one.run();
    await Promise.all([one.onApplicationShutdown(), other.onApplicationShutdown()]);
  });
});
