import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newKey, rootKeyFingerprint } from '#libs/crypto';
import { Redacted, systemClock } from '#libs/kernel';
import { intercepted } from '#libs/testing';
import type { KeyStore } from './key-store';
import { Keyring, type Sealed } from './keyring';
import type { RootKeyPair } from './root-keys';
import { openSqliteKeyStore } from './sqlite/sqlite-key-store';

const directory = mkdtempSync(join(tmpdir(), 'root-keys-'));
let file: string;
let keys: KeyStore;

beforeEach(async () => {
  file = join(directory, `${randomUUID()}.db`);
  keys = await openSqliteKeyStore({ file });
});
afterEach(() => keys.close());
afterAll(() => rmSync(directory, { recursive: true }));

const [old, next, third] = [newKey(), newKey(), newKey()];
const start = (rootKey: RootKeyPair, store: KeyStore = keys) =>
  Keyring.open({ keys: store, rootKey, clock: systemClock });
const rowsOn = async (key: Uint8Array) =>
  (await keys.count({ purpose: 'organization', parent: rootKeyFingerprint(key) })) +
  (await keys.count({ purpose: 'instance', parent: rootKeyFingerprint(key) }));

/** Some organizations with a value each, and two instance keys, under the root key `old`. */
async function inUse(organizations = 3): Promise<{ sealed: Map<string, Sealed>; pepper: Uint8Array }> {
  const ring = await start({ current: old });
  const orgs = Array.from({ length: organizations }, (_, at) => `org_${at}`);
  const sealed = await Promise.all(
    orgs.map((org) => ring.seal(org, 'sec_a', 1, new Redacted(`value of ${org}`))),
  );
  await ring.secretNameDigest('org_0', 'NAME');
  const pepper = await ring.instanceKey('api-key-pepper');
  return { sealed: new Map(orgs.map((org, at) => [org, sealed[at]!])), pepper };
}

async function expectReadable(
  ring: Keyring,
  { sealed, pepper }: Awaited<ReturnType<typeof inUse>>,
): Promise<void> {
  for (const [org, each] of sealed) {
    expect((await ring.open(org, 'sec_a', 1, each)).expose()).toBe(`value of ${org}`);
  }
  expect(await ring.instanceKey('api-key-pepper')).toEqual(pepper);
}

/** Refused with ROOT_KEY_INVALID and these words; not one byte of the file has changed. */
async function expectRefused(rootKey: RootKeyPair, words: RegExp): Promise<void> {
  await keys.close();
  const digest = () => createHash('sha256').update(readFileSync(file)).digest('hex');
  const before = digest();
  keys = await openSqliteKeyStore({ file });
  const refusal = start(rootKey);
  await expect(refusal).rejects.toMatchObject({
    code: 'ROOT_KEY_INVALID',
    kind: 'startup',
    safeMessage: expect.stringMatching(words) as string,
  });
  await keys.close();
  expect(digest()).toBe(before);
  keys = await openSqliteKeyStore({ file });
}

/** The store, dying at its n-th write: just before or just after it took effect. */
function dyingAt(write: number, moment: 'before' | 'after'): KeyStore {
  let writes = 0;
  const dying =
    <A, R>(method: (argument: A) => Promise<R>) =>
    async (argument: A): Promise<R> => {
      writes += 1;
      if (writes > write || (writes === write && moment === 'before')) throw new Error('killed');
      const result = await method(argument);
      if (writes === write) throw new Error('killed');
      return result;
    };
  const changes: Partial<KeyStore> = {
    rewrap: dying((rows: Parameters<KeyStore['rewrap']>[0]) => keys.rewrap(rows)),
    setRootKeyState: dying((state: Parameters<KeyStore['setRootKeyState']>[0]) =>
      keys.setRootKeyState(state),
    ),
  };
  const method = (name: keyof KeyStore) => changes[name] ?? keys[name].bind(keys);
  return new Proxy(keys, { get: (_, name) => method(name as keyof KeyStore) });
}

describe('Keyring.open, the root key given', () => {
  it('records the first one, and takes it again', async () => {
    await start({ current: old });
    expect(await keys.rootKeyState()).toEqual({
      current: rootKeyFingerprint(old),
      previous: null,
      retired: [],
    });
    const used = await inUse();
    await expectReadable(await start({ current: old }), used);
  });

  it('refuses another one', async () => {
    const used = await inUse();
    await expectRefused({ current: next }, /not the one this key store was made with/);
    await expectRefused({ current: next, previous: third }, /not the one this key store was made with/);
    await expectReadable(await start({ current: old }), used);
  });

  it('refuses current and previous swapped: before, during and after a rotation', async () => {
    const used = await inUse();
    await expectRefused({ current: old, previous: next }, /swapped/);
    await expect(start({ current: next, previous: old }, dyingAt(2, 'before'))).rejects.toThrow('killed');
    await expectRefused({ current: old, previous: next }, /swapped/);
    await start({ current: next, previous: old });
    await expectRefused({ current: old, previous: next }, /swapped/);
    await expectReadable(await start({ current: next }), used);
  });

  it('refuses one that was rotated away', async () => {
    await inUse();
    await start({ current: next, previous: old });
    await expectRefused({ current: old }, /rotated away/);
    await start({ current: third, previous: next });
    await expectRefused({ current: old }, /rotated away/);
    await expectRefused({ current: next }, /rotated away/);
    await expectRefused({ current: old, previous: third }, /rotated away/);
  });

  it('refuses one key as both', async () => {
    await inUse();
    await expectRefused({ current: old, previous: old }, /never used here/);
  });

  it('refuses a previous one for an empty store', async () => {
    await expectRefused({ current: next, previous: old }, /empty/);
  });

  it('refuses to begin anew on keys whose root key is not on record', async () => {
    await inUse();
    const lost = new Proxy(keys, {
      get: (_, name) =>
        name === 'rootKeyState' ? () => Promise.resolve(null) : keys[name as keyof KeyStore].bind(keys),
    });
    await expect(start({ current: next }, lost)).rejects.toMatchObject({ code: 'ROOT_KEY_INVALID' });
    expect((await keys.rootKeyState())?.current).toBe(rootKeyFingerprint(old));
  });
});

describe('Keyring.open, rotating the root key', () => {
  it('takes every key to the new one, in batches, and retires the old one', async () => {
    const used = await inUse(1_100);
    expect(await rowsOn(old)).toBe(1_102);
    const ring = await start({ current: next, previous: old });
    expect(await rowsOn(old)).toBe(0);
    expect(await rowsOn(next)).toBe(1_102);
    expect(await keys.rootKeyState()).toEqual({
      current: rootKeyFingerprint(next),
      previous: null,
      retired: [rootKeyFingerprint(old)],
    });
    await expectReadable(ring, used);
    await expectReadable(await start({ current: next }), used);
  });

  it('starts with both keys still in the settings afterwards', async () => {
    const used = await inUse();
    await start({ current: next, previous: old });
    await expectReadable(await start({ current: next, previous: old }), used);
    expect((await keys.rootKeyState())?.retired).toEqual([rootKeyFingerprint(old)]);
  });

  it('goes on after a crash at any of its writes', async () => {
    const used = await inUse();
    let current = old;
    for (const moment of ['before', 'after'] as const) {
      // Marking, one batch of each kind of key, retiring; the fifth write does not come.
      for (const write of [1, 2, 3, 4, 5]) {
        const pair = { current: newKey(), previous: current };
        const starting = start(pair, dyingAt(write, moment));
        await (write < 5 ? expect(starting).rejects.toThrow('killed') : starting);
        if ((await keys.rootKeyState())?.previous)
          await expectRefused({ current: pair.current }, /not finished/);
        await expectReadable(await start(pair), used);
        expect(await rowsOn(pair.previous)).toBe(0);
        current = pair.current;
      }
    }
    await expectReadable(await start({ current }), used);
  });

  it('refuses to begin a second rotation before the first is finished', async () => {
    const used = await inUse();
    await expect(start({ current: next, previous: old }, dyingAt(2, 'before'))).rejects.toThrow('killed');
    await expectRefused({ current: third, previous: next }, /not finished/);
    await expectReadable(await start({ current: next, previous: old }), used);
  });

  it('leaves a damaged key where it is, and takes the others along', async () => {
    const used = await inUse();
    const row = (await keys.get('org_1.1'))!;
    await keys.rewrap([{ ...row, wrapped: row.wrapped.map((byte) => byte ^ 1) }]);
    const ring = await start({ current: next, previous: old });
    expect(await rowsOn(old)).toBe(1);
    expect((await ring.open('org_2', 'sec_a', 1, used.sealed.get('org_2')!)).expose()).toBe('value of org_2');
    await expectRefused({ current: next }, /not finished/);
    await keys.rewrap([row]);
    await expectReadable(await start({ current: next, previous: old }), used);
    await expectReadable(await start({ current: next }), used);
  });

  it('leaves a key gone that is destroyed between its reading and its re-wrapping', async () => {
    await inUse();
    const racing = new Proxy(keys, {
      get: (_, name) =>
        name === 'rewrap'
          ? async (rows: Parameters<KeyStore['rewrap']>[0]) => {
              await keys.destroy(['org_1.1']);
              return keys.rewrap(rows);
            }
          : keys[name as keyof KeyStore].bind(keys),
    });
    await start({ current: next, previous: old }, racing);
    expect(await keys.get('org_1.1')).toBeNull();
    expect((await keys.rootKeyState())?.previous).toBeNull();
  });

  it('lets a process on the old key go on reading, but make no key that would be lost with it', async () => {
    const { sealed } = await inUse();
    const running = await start({ current: old });
    await running.open('org_1', 'sec_a', 1, sealed.get('org_1')!);
    await start({ current: next, previous: old });
    expect((await running.open('org_1', 'sec_a', 1, sealed.get('org_1')!)).expose()).toBe('value of org_1');
    await expect(running.seal('org_new', 'sec_a', 1, new Redacted('x'))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
    expect(await keys.get('org_new.1')).toBeNull();
  });

  it('takes a running process along, once its root key file holds the new one', async () => {
    const { sealed } = await inUse();
    const reads: Uint8Array[] = [];
    let inFile = old;
    const readRootKey = async () => {
      reads.push(inFile);
      return inFile;
    };
    const running = await Keyring.open({
      keys,
      rootKey: { current: old },
      readRootKey,
      clock: systemClock,
    });
    await start({ current: next, previous: old });
    const open = (org: string) => running.open(org, 'sec_a', 1, sealed.get(org)!);
    // The file still holds the old one: nothing is wrong with the data, this process is behind.
    await expect(open('org_0')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await expect(Promise.all(Array.from({ length: 50 }, () => open('org_1')))).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
    expect(reads).toEqual([old]);

    inFile = next;
    const giveUpAt = Date.now() + 5_000;
    let opened: string | null = null;
    while (opened === null && Date.now() < giveUpAt) {
      opened = await open('org_0').then(
        (value) => value.expose(),
        () => null,
      );
    }
    expect(opened).toBe('value of org_0');
    expect((await open('org_1')).expose()).toBe('value of org_1');
    expect(reads).toEqual([old, next]);
    const made = await running.seal('org_new', 'sec_a', 1, new Redacted('x'));
    const other = await start({ current: next });
    expect((await other.open('org_new', 'sec_a', 1, made)).expose()).toBe('x');
  });

  it('takes no key from the file but the one that the key store names', async () => {
    const { sealed } = await inUse();
    const running = await Keyring.open({
      keys,
      rootKey: { current: old },
      readRootKey: async () => third,
      clock: systemClock,
    });
    await start({ current: next, previous: old });
    await expect(running.open('org_0', 'sec_a', 1, sealed.get('org_0')!)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
    const row = (await keys.get('org_0.1'))!;
    await keys.rewrap([{ ...row, parent: rootKeyFingerprint(third) }]);
    await expect(running.open('org_0', 'sec_a', 1, sealed.get('org_0')!)).rejects.toMatchObject({
      code: 'INTEGRITY_ERROR',
    });
  });

  it('takes along what another process was late with', async () => {
    const used = await inUse();
    const row = (await keys.get('org_1.1'))!;
    await start({ current: next, previous: old });
    await keys.rewrap([row]);
    await expectReadable(await start({ current: next, previous: old }), used);
    expect(await rowsOn(old)).toBe(0);
  });

  /** The store of a process that is held up before it writes the key of an organization, until the root key is rotated. */
  const heldUp = (): KeyStore =>
    intercepted(keys, {
      async insert(key) {
        if (key.purpose === 'organization') await start({ current: next, previous: old });
        return keys.insert(key);
      },
    });

  it('takes along a key that another process made meanwhile', async () => {
    const used = await inUse();
    const readRootKey = async () => next;
    const options = { keys: heldUp(), rootKey: { current: old }, readRootKey, clock: systemClock };
    const running = await Keyring.open(options);
    const made = await running.seal('org_new', 'sec_a', 1, new Redacted('x'));
    expect(await rowsOn(old)).toBe(0);
    const other = await start({ current: next });
    expect((await other.open('org_new', 'sec_a', 1, made)).expose()).toBe('x');
    await expectReadable(other, used);
  });

  it('has nothing sealed under a key that it missed, and wants the old root key back as long as there is one', async () => {
    const used = await inUse();
    const running = await start({ current: old }, heldUp());
    for (let attempt = 1; attempt <= 2; attempt += 1) {
      await expect(running.seal('org_new', 'sec_a', 1, new Redacted('x'))).rejects.toMatchObject({
        code: 'STORE_UNAVAILABLE',
      });
    }
    expect(await rowsOn(old)).toBe(1);
    expect(await keys.count({ purpose: 'data' })).toBe(3);
    await expectRefused({ current: next }, /still rest on a root key that was rotated away/);
    await expectRefused({ current: third, previous: next }, /still rest on/);
    await expectReadable(await start({ current: next, previous: old }), used);
    expect(await rowsOn(old)).toBe(0);
    await expectReadable(await start({ current: next }), used);
  });
});
