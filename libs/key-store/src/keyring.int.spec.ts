import crypto, { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { newKey } from '#libs/crypto';
import { Redacted } from '#libs/kernel';
import type { KeyStore, WrappedKey } from './key-store';
import { Keyring, type Sealed } from './keyring';
import { openSqliteKeyStore } from './sqlite/sqlite-key-store';

const MINUTE_MS = 60_000;
const refusal = { code: 'INTEGRITY_ERROR', cause: undefined, details: undefined };

const directory = mkdtempSync(join(tmpdir(), 'keyring-'));
const rootKey = { current: newKey() };
const clock = { time: Date.now(), now: () => new Date(clock.time), monotonicMs: () => clock.time };
let keys: KeyStore;
/** How often a key of this id was fetched. */
const fetched = new Map<string, number>();

beforeAll(async () => {
  keys = await openSqliteKeyStore({ file: join(directory, 'keys.db') });
});
afterAll(async () => {
  await keys.close();
  rmSync(directory, { recursive: true });
});

/** The store with some methods in other words. */
function over(changes: Partial<KeyStore>): KeyStore {
  const method = (name: keyof KeyStore) => changes[name] ?? keys[name].bind(keys);
  return new Proxy(keys, { get: (_, name) => method(name as keyof KeyStore) });
}

const counting = () =>
  over({
    async get(id) {
      fetched.set(id, (fetched.get(id) ?? 0) + 1);
      return keys.get(id);
    },
  });

const openRing = (store: KeyStore = keys) => Keyring.open({ keys: store, rootKey, clock });
/** Organization, secret, version. */
type Place = [string, string, number];

/** Node's own class of ciphers or deciphers, as far as the bytes go through it. */
interface CipherClass {
  readonly prototype: { update(bytes: Buffer): Buffer };
}

const newOrg = () => `org_${randomUUID()}`;
const value = new Redacted('correct horse');

async function swapRows(one: string, other: string): Promise<void> {
  const rows = (await Promise.all([keys.get(one), keys.get(other)])) as WrappedKey[];
  const [a, b] = rows as [WrappedKey, WrappedKey];
  await keys.rewrap([
    { id: a.id, parent: b.parent, wrapped: b.wrapped },
    { id: b.id, parent: a.parent, wrapped: a.wrapped },
  ]);
}

describe('Keyring: seal and open', () => {
  let ring: Keyring;
  beforeEach(async () => {
    ring = await openRing();
  });

  it.each([
    ['nothing', ''],
    ['one character', 'x'],
    ['10,000 emoji', '🔑'.repeat(10_000)],
    ['a byte-order mark, NUL, line ends', '\ufeffa\u0000b\r\n'],
    [
      'every character of one or two bytes',
      Array.from({ length: 0x800 }, (_, code) => String.fromCharCode(code)).join(''),
    ],
    ['the last character there is', '\u{10ffff}'],
  ])('give back %s', async (_, text) => {
    const org = newOrg();
    const sealed = await ring.seal(org, 'sec_a', 1, new Redacted(text));
    expect((await ring.open(org, 'sec_a', 1, sealed)).expose()).toBe(text);
  });

  it('refuse half a character rather than change it', async () => {
    for (const text of ['\ud83d', 'a\udd11b', '\udd11\ud83d']) {
      await expect(ring.seal(newOrg(), 'sec_a', 1, new Redacted(text))).rejects.toMatchObject({
        code: 'VALIDATION_FAILED',
      });
    }
  });

  it('give a value that cannot be printed', async () => {
    const org = newOrg();
    const opened = await ring.open(org, 'sec_a', 1, await ring.seal(org, 'sec_a', 1, value));
    expect(inspect({ opened })).not.toContain('horse');
  });

  it('wait for the data key to be durable', async () => {
    let commit: () => void = () => undefined;
    const committed = new Promise<void>((resolve) => (commit = resolve));
    const slow = over({
      insert: async (key) => (key.purpose === 'data' && (await committed), keys.insert(key)),
    });
    let sealed: Sealed | undefined;
    const sealing = openRing(slow).then(
      async (other) => (sealed = await other.seal(newOrg(), 'sec_a', 1, value)),
    );
    await keys.ping();
    await new Promise((resolve) => setImmediate(resolve));
    expect(sealed).toBeUndefined();
    commit();
    await sealing;
    expect(await keys.get(sealed!.dataKeyId)).toMatchObject({
      purpose: 'data',
      createdAt: clock.now().toISOString(),
    });
  });

  it('keep one row per value, which says whose and which version', async () => {
    const org = newOrg();
    const { dataKeyId } = await ring.seal(org, 'sec_a', 7, value);
    expect(dataKeyId).toMatch(/^[0-9a-f]{32}$/);
    const place = {
      id: dataKeyId,
      purpose: 'data',
      parent: `${org}.1`,
      orgId: org,
      secretId: 'sec_a',
      generation: 7,
    };
    expect(await keys.list({ purpose: 'data', orgId: org, limit: 10 })).toEqual([
      expect.objectContaining(place),
    ]);
  });

  it('seal nothing when the data key cannot be stored', async () => {
    const org = newOrg();
    const sealed = await ring.seal(org, 'sec_a', 1, value);
    const full = await openRing(over({ insert: () => Promise.resolve(false) }));
    await expect(full.seal(org, 'sec_a', 1, value)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect((await full.open(org, 'sec_a', 1, sealed)).expose()).toBe('correct horse');
  });

  it("refuse another version, secret or organization, and each other's envelope or key", async () => {
    const [org, other] = [newOrg(), newOrg()];
    const places: Place[] = [
      [org, 'sec_a', 1],
      [org, 'sec_a', 2],
      [org, 'sec_b', 1],
      [other, 'sec_a', 1],
    ];
    const sealed = await Promise.all(places.map((place) => ring.seal(...place, value)));
    for (const [at, place] of places.entries()) {
      for (const [from, theirs] of sealed.entries()) {
        const opening = ring.open(...place, theirs);
        if (at === from) expect((await opening).expose()).toBe('correct horse');
        else await expect(opening).rejects.toMatchObject(refusal);
        const mixed = { envelope: theirs.envelope, dataKeyId: sealed[at]!.dataKeyId };
        if (at !== from) await expect(ring.open(...place, mixed)).rejects.toMatchObject(refusal);
      }
    }
  });

  it('refuse data keys whose rows were swapped', async () => {
    const [org, other] = [newOrg(), newOrg()];
    const elsewhere: Place[] = [
      [org, 'sec_a', 2],
      [org, 'sec_b', 1],
      [other, 'sec_a', 1],
    ];
    for (const theirs of elsewhere) {
      const mine = await ring.seal(org, 'sec_a', 1, value);
      const second = await ring.seal(...theirs, value);
      await swapRows(mine.dataKeyId, second.dataKeyId);
      await expect(ring.open(org, 'sec_a', 1, mine)).rejects.toMatchObject(refusal);
      await expect(ring.open(...theirs, second)).rejects.toMatchObject(refusal);
      await swapRows(mine.dataKeyId, second.dataKeyId);
      expect((await ring.open(org, 'sec_a', 1, mine)).expose()).toBe('correct horse');
    }
  });

  it('refuse organization keys that were swapped', async () => {
    const [org, other] = [newOrg(), newOrg()];
    const sealed = await ring.seal(org, 'sec_a', 1, value);
    await ring.seal(other, 'sec_a', 1, value);
    await swapRows(`${org}.1`, `${other}.1`);
    const fresh = await openRing();
    await expect(fresh.open(org, 'sec_a', 1, sealed)).rejects.toMatchObject(refusal);
    await expect(fresh.seal(org, 'sec_a', 2, value)).rejects.toMatchObject(refusal);
  });

  it("refuse a data key that names the key of another organization, or no organization's, as its parent", async () => {
    const [org, other] = [newOrg(), newOrg()];
    const sealed = await ring.seal(org, 'sec_a', 1, value);
    await ring.seal(other, 'sec_a', 1, value);
    await ring.instanceKey('secret-name');
    const row = (await keys.get(sealed.dataKeyId))!;
    for (const parent of [`${other}.1`, `${org}.2`, 'secret-name', sealed.dataKeyId, '']) {
      await keys.rewrap([{ ...row, parent }]);
      // With the other organization's key in memory, and without.
      await expect(ring.open(org, 'sec_a', 1, sealed)).rejects.toMatchObject(refusal);
      await expect((await openRing()).open(org, 'sec_a', 1, sealed)).rejects.toMatchObject(refusal);
    }
  });

  it('refuse an organization key that claims another root key', async () => {
    const org = newOrg();
    const sealed = await ring.seal(org, 'sec_a', 1, value);
    const row = (await keys.get(`${org}.1`))!;
    await keys.rewrap([{ ...row, parent: 'f'.repeat(32) }]);
    await expect((await openRing()).open(org, 'sec_a', 1, sealed)).rejects.toMatchObject(refusal);
  });

  it('refuse an envelope with any one character exchanged, cut or appended; others stay readable', async () => {
    const org = newOrg();
    const sealed = await ring.seal(org, 'sec_a', 1, value);
    const neighbour = await ring.seal(org, 'sec_b', 1, value);
    const { envelope, dataKeyId } = sealed;
    const damaged = [
      `${envelope}A`,
      `${envelope}=`,
      `${envelope}\n`,
      ` ${envelope}`,
      envelope.replaceAll('=', ''),
    ];
    for (let at = 0; at < envelope.length; at++) {
      damaged.push(envelope.slice(0, at));
      const bit = 'AQgwBRhx'.includes(envelope.charAt(at)) ? 'k' : 'A';
      damaged.push(envelope.slice(0, at) + bit + envelope.slice(at + 1));
    }
    for (const text of damaged.filter((candidate) => candidate !== envelope)) {
      await expect(ring.open(org, 'sec_a', 1, { envelope: text, dataKeyId })).rejects.toMatchObject(refusal);
    }
    expect((await ring.open(org, 'sec_b', 1, neighbour)).expose()).toBe('correct horse');
  });

  it('refuse a wrapped data key with any bit flipped, cut or lengthened', async () => {
    const org = newOrg();
    const sealed = await ring.seal(org, 'sec_a', 1, value);
    const row = (await keys.get(sealed.dataKeyId))!;
    const flipped = Array.from(row.wrapped, (_, at) =>
      row.wrapped.map((byte, other) => (at === other ? byte ^ 4 : byte)),
    );
    for (const wrapped of [
      ...flipped,
      row.wrapped.subarray(1),
      new Uint8Array(0),
      Buffer.concat([row.wrapped, Buffer.alloc(1)]),
    ]) {
      await keys.rewrap([{ ...row, wrapped }]);
      await expect(ring.open(org, 'sec_a', 1, sealed)).rejects.toMatchObject(refusal);
    }
  });

  it('open nothing whose key was destroyed, or never was', async () => {
    const org = newOrg();
    const sealed = await ring.seal(org, 'sec_a', 1, value);
    expect((await ring.open(org, 'sec_a', 1, sealed)).expose()).toBe('correct horse');
    expect(await ring.destroy([sealed.dataKeyId])).toBe(1);
    expect(await ring.destroy([sealed.dataKeyId])).toBe(0);
    await expect(ring.open(org, 'sec_a', 1, sealed)).rejects.toMatchObject(refusal);
    await expect(ring.open(newOrg(), 'sec_a', 1, { ...sealed, dataKeyId: '' })).rejects.toMatchObject(
      refusal,
    );
  });

  it('are destroyed and looked for in steps, however many there are', async () => {
    const org = newOrg();
    const asked: number[] = [];
    const ring = await openRing(
      over({
        async destroy(ids) {
          asked.push(ids.length);
          return keys.destroy(ids);
        },
      }),
    );
    const sealed = await Promise.all([1, 2].map((version) => ring.seal(org, 'sec_a', version, value)));
    const [first = '', last = ''] = sealed.map(({ dataKeyId }) => dataKeyId);
    const absent = Array.from({ length: 2_500 }, (_, at) => `absent ${at}`);
    const ids = [first, ...absent, last];
    expect(await ring.existing(ids)).toEqual([first, last]);
    expect(await ring.destroy(ids)).toBe(2);
    expect(asked).toEqual([1_000, 1_000, 502]);
    expect(await ring.existing(ids)).toEqual([]);
  });

  it('do not make a new organization key when there is something to open', async () => {
    const org = newOrg();
    const sealed = await ring.seal(org, 'sec_a', 1, value);
    await keys.destroy([`${org}.1`]);
    await expect((await openRing()).open(org, 'sec_a', 1, sealed)).rejects.toMatchObject(refusal);
    expect(await keys.get(`${org}.1`)).toBeNull();
  });

  it('agree on one organization key when many begin at once', async () => {
    const org = newOrg();
    const rings = await Promise.all(Array.from({ length: 10 }, () => openRing()));
    const sealed = await Promise.all(rings.map((each, at) => each.seal(org, 'sec_a', at, value)));
    const opened = sealed.map(async (one, at) =>
      (await rings[(at + 1) % 10]!.open(org, 'sec_a', at, one)).expose(),
    );
    expect(await Promise.all(opened)).toEqual(rings.map(() => 'correct horse'));
    expect(await keys.list({ purpose: 'organization', orgId: org, limit: 10 })).toHaveLength(1);
  });
});

describe('Keyring: what stays in memory', () => {
  it('keeps an organization key for five minutes, a data key not at all', async () => {
    const ring = await openRing(counting());
    const org = newOrg();
    const sealed = await ring.seal(org, 'sec_a', 1, value);
    const counts = async () => {
      await ring.open(org, 'sec_a', 1, sealed);
      return [fetched.get(`${org}.1`), fetched.get(sealed.dataKeyId)];
    };
    expect(await counts()).toEqual([1, 1]);
    clock.time += 5 * MINUTE_MS;
    expect(await counts()).toEqual([1, 2]);
    clock.time += 1;
    expect(await counts()).toEqual([2, 3]);
    expect(await counts()).toEqual([2, 4]);
  });

  it('keeps at most twenty thousand organization keys', async () => {
    const ring = await openRing(counting());
    const orgs = Array.from({ length: 20_001 }, newOrg);
    // No more at once than the store takes.
    for (let at = 0; at < orgs.length; at += 5_000)
      await Promise.all(orgs.slice(at, at + 5_000).map((org) => ring.seal(org, 'sec_a', 1, value)));
    fetched.clear();
    const [first, ...others] = orgs;
    await ring.seal(others.at(-1) ?? '', 'sec_a', 2, value);
    await ring.seal(others[0] ?? '', 'sec_a', 2, value);
    expect([...fetched.keys()].filter((id) => id.startsWith('org_'))).toEqual([]);
    await ring.seal(first ?? '', 'sec_a', 2, value);
    expect(fetched.has(`${first}.1`)).toBe(true);
  }, 60_000);

  it('wipes the bytes of each data key and of each value once they are used, or cannot be', async () => {
    const ring = await openRing();
    const org = newOrg();
    // The key of the organization is there by now, and stays.
    await ring.seal(org, 'sec_a', 1, value);
    const { Cipheriv, Decipheriv } = crypto as unknown as Record<'Cipheriv' | 'Decipheriv', CipherClass>;
    const encrypted = jest.spyOn(Cipheriv.prototype, 'update');
    const decrypted = jest.spyOn(Decipheriv.prototype, 'update');
    const sealed = await ring.seal(org, 'sec_a', 2, value);
    expect((await ring.open(org, 'sec_a', 2, sealed)).expose()).toBe('correct horse');
    const wiped = [Buffer.alloc(32), Buffer.alloc('correct horse'.length)];
    expect(encrypted.mock.calls.map(([bytes]) => bytes)).toEqual(wiped);
    expect(decrypted.mock.results.map((result) => result.value as Buffer)).toEqual(wiped);

    await expect(ring.seal(org, 'sec_a', 3, new Redacted('x'.repeat(65_537)))).rejects.toThrow(RangeError);
    expect(encrypted.mock.calls.slice(2)).toEqual([[Buffer.alloc(32)]]);
    const envelope = Buffer.alloc(200).toString('base64');
    await expect(ring.open(org, 'sec_a', 2, { ...sealed, envelope })).rejects.toMatchObject(refusal);
    expect(decrypted.mock.results.slice(2).map((result) => result.value as Buffer)).toEqual([
      Buffer.alloc(32),
    ]);
    for (const watched of [encrypted, decrypted]) watched.mockRestore();
  });

  it('prints no key', async () => {
    const ring = await openRing();
    const org = newOrg();
    await ring.seal(org, 'sec_a', 1, value);
    const pepper = Buffer.from(await ring.instanceKey('api-key-pepper'));
    const printed =
      inspect(ring, { depth: null, showHidden: true, maxArrayLength: null }) + JSON.stringify(ring);
    for (const key of [rootKey.current, pepper]) {
      expect(printed).not.toContain(
        key
          .toString('hex')
          .replace(/..(?!$)/g, '$& ')
          .slice(0, 20),
      );
      expect(printed).not.toContain(key.subarray(0, 8).join(','));
    }
  });
});

describe('Keyring: instance keys', () => {
  it('are the same in every process, whoever asks first', async () => {
    const fresh = await openSqliteKeyStore({ file: join(directory, `${randomUUID()}.db`) });
    const rings: Keyring[] = [];
    for (let count = 0; count < 5; count++) rings.push(await openRing(fresh));
    const made = await Promise.all(rings.map((ring) => ring.instanceKey('api-key-pepper')));
    const others = await Promise.all(rings.map((ring) => ring.instanceKey('idempotency')));
    expect(new Set(made.map((key) => Buffer.from(key).toString('hex'))).size).toBe(1);
    expect(Buffer.from(made[0]!)).toHaveLength(32);
    expect(others[0]).not.toEqual(made[0]);
    expect(await (await openRing(fresh)).instanceKey('api-key-pepper')).toEqual(made[0]);
    await fresh.close();
  });

  it('are made together, those that are missing, and a damaged one stops no other', async () => {
    const fresh = await openSqliteKeyStore({ file: join(directory, `${randomUUID()}.db`) });
    const pepper = await (await openRing(fresh)).instanceKey('api-key-pepper');
    const { parent } = (await fresh.get('api-key-pepper'))!;
    await (await openRing(fresh)).instanceKey('totp');
    await fresh.rewrap([{ id: 'totp', parent, wrapped: new Uint8Array(64) }]);
    const ring = await openRing(fresh);
    await ring.makeInstanceKeys();
    expect(await fresh.count({ purpose: 'instance' })).toBe(5);
    expect(await ring.instanceKey('api-key-pepper')).toEqual(pepper);
    await expect(ring.instanceKey('totp')).rejects.toMatchObject(refusal);
    await fresh.close();
  });

  it('make digests of names that differ by organization and name', async () => {
    const ring = await openRing();
    const digest = await ring.secretNameDigest('org_a', 'NAME');
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    expect(await (await openRing()).secretNameDigest('org_a', 'NAME')).toBe(digest);
    for (const [org, name] of [
      ['org_b', 'NAME'],
      ['org_a', 'NAMED'],
      ['org_aN', 'AME'],
      ['org_a', 'name'],
    ] as const) {
      expect(await ring.secretNameDigest(org, name)).not.toBe(digest);
    }
  });

  it('make fingerprints of requests that differ by each part and where it ends', async () => {
    const ring = await openRing();
    const fingerprint = await ring.fingerprint(['PUT', new Redacted('secret')]);
    expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(await ring.fingerprint(['PUT', new Redacted('secret')])).toBe(fingerprint);
    for (const parts of [
      ['PUT', 'secreT'],
      ['PUTs', 'ecret'],
      ['PUT', 'secret', ''],
      ['secret', 'PUT'],
      [],
    ]) {
      expect(await ring.fingerprint(parts)).not.toBe(fingerprint);
    }
  });
});

describe('the files of the key store', () => {
  it('hold no value, no unwrapped key and no root key, in any writing', async () => {
    const ring = await openRing();
    const canary = `canary-${randomUUID()}`;
    const org = newOrg();
    await ring.open(org, 'sec_a', 1, await ring.seal(org, 'sec_a', 1, new Redacted(canary)));
    await ring.secretNameDigest(org, 'CANARY_NAME');
    await ring.fingerprint([new Redacted(canary)]);
    const pepper = await ring.instanceKey('api-key-pepper');
    const secrets = [Buffer.from(canary), Buffer.from('CANARY_NAME'), Buffer.from(pepper), rootKey.current];
    const writings = secrets.flatMap((secret) => [
      secret,
      ...['hex', 'base64', 'base64url'].map((encoding) =>
        Buffer.from(secret.toString(encoding as BufferEncoding).replace(/=+$/, '')),
      ),
      Buffer.from(secret.toString('latin1'), 'utf16le'),
    ]);
    const files = readdirSync(directory).map((name) => readFileSync(join(directory, name)));
    expect(files.some((bytes) => bytes.includes(org))).toBe(true);
    for (const bytes of files) expect(writings.filter((writing) => bytes.includes(writing))).toEqual([]);
  });
});

describe('Keyring: derived bytes', () => {
  it('are the same for the same purpose and seed, and only then', async () => {
    const ring = await openRing();
    const bytes = await ring.derive('api-key', 'seed', 52);
    expect(bytes).toHaveLength(52);
    expect(await ring.derive('api-key', 'seed', 52)).toEqual(bytes);
    expect((await ring.derive('api-key', 'seed', 32)).equals(bytes.subarray(0, 32))).toBe(true);
    for (const other of [ring.derive('api-key', 'seed2', 52), ring.derive('invitation', 'seed', 52)])
      expect((await other).subarray(0, 8)).not.toEqual(bytes.subarray(0, 8));
  });

  it('are the same in every process, and different in every installation', async () => {
    const bytes = await (await openRing()).derive('invitation', 'seed', 32);
    expect(await (await openRing()).derive('invitation', 'seed', 32)).toEqual(bytes);
    const directory2 = mkdtempSync(join(tmpdir(), 'keyring-'));
    const foreign = await openSqliteKeyStore({ file: join(directory2, 'keys.db') });
    const other = await Keyring.open({ keys: foreign, rootKey: { current: newKey() }, clock });
    expect(await other.derive('invitation', 'seed', 32)).not.toEqual(bytes);
    await foreign.close();
    rmSync(directory2, { recursive: true });
  });
});
