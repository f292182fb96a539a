import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newKey } from '#libs/crypto';
import { Redacted } from '#libs/kernel';
import type { KeyStore } from './key-store';
import { Keyring, type Sealed } from './keyring';
import { ORGANIZATION_KEY_TTL_MS } from './organization-keys';
import { openSqliteKeyStore } from './sqlite/sqlite-key-store';

const directory = mkdtempSync(join(tmpdir(), 'organization-keys-'));
const rootKey = { current: newKey() };
const clock = {
  time: Date.now(),
  setByMs: 0,
  now: () => new Date(clock.time + clock.setByMs),
  monotonicMs: () => clock.time,
};
let keys: KeyStore;

beforeAll(async () => {
  keys = await openSqliteKeyStore({ file: join(directory, 'keys.db') });
});
afterAll(async () => {
  await keys.close();
  rmSync(directory, { recursive: true });
});

/** Each is another process. */
const openRing = (store: KeyStore = keys) => Keyring.open({ keys: store, rootKey, clock });
const newOrg = () => `org_${randomUUID()}`;
const value = (secretId: string) => new Redacted(`value of ${secretId}`);
const over = (changes: Partial<KeyStore>): KeyStore =>
  new Proxy(keys, {
    get: (_, name) => changes[name as keyof KeyStore] ?? keys[name as keyof KeyStore].bind(keys),
  });

/** An organization with so many values under its first key. */
async function organization(ring: Keyring, count: number) {
  const orgId = newOrg();
  const sealed = new Map<string, Sealed>();
  for (const secretId of Array.from({ length: count }, (_, at) => `sec_${at}`))
    sealed.set(secretId, await ring.seal(orgId, secretId, 1, value(secretId)));
  return { orgId, sealed };
}

const parentsOf = async (orgId: string) => {
  const rows = await keys.list({ purpose: 'data', orgId, limit: 1_000 });
  return rows.map(({ parent }) => parent.slice(orgId.length));
};

async function expectReadable(ring: Keyring, orgId: string, sealed: ReadonlyMap<string, Sealed>) {
  for (const [secretId, each] of sealed)
    expect((await ring.open(orgId, secretId, 1, each)).expose()).toBe(`value of ${secretId}`);
}

async function rewrapAll(ring: Keyring, orgId: string): Promise<number> {
  let count = 0;
  for (let next: string | null = ''; next !== null;) {
    const { nextAfterId, rewrapped } = await ring.rewrapBatch(orgId, next);
    count += rewrapped;
    next = nextAfterId;
  }
  return count;
}

describe('OrganizationKeys', () => {
  it('seal what is new under the last generation, here at once, elsewhere when the old one is forgotten, whatever the clock does', async () => {
    const [here, elsewhere] = await Promise.all([openRing(), openRing()]);
    const { orgId, sealed } = await organization(here, 1);
    sealed.set('sec_elsewhere', await elsewhere.seal(orgId, 'sec_elsewhere', 1, value('sec_elsewhere')));
    await here.beginGeneration(orgId, 2);

    sealed.set('sec_new', await here.seal(orgId, 'sec_new', 1, value('sec_new')));
    sealed.set('sec_late', await elsewhere.seal(orgId, 'sec_late', 1, value('sec_late')));
    expect((await parentsOf(orgId)).sort()).toEqual(['.1', '.1', '.1', '.2']);

    clock.setByMs = -3_600_000;
    clock.time += ORGANIZATION_KEY_TTL_MS + 1;
    sealed.set('sec_then', await elsewhere.seal(orgId, 'sec_then', 1, value('sec_then')));
    expect((await parentsOf(orgId)).filter((parent) => parent === '.2')).toHaveLength(2);
    for (const ring of [here, elsewhere, await openRing()]) await expectReadable(ring, orgId, sealed);
  });

  it('begin a generation once, however many begin it', async () => {
    const rings = await Promise.all(Array.from({ length: 5 }, () => openRing()));
    const { orgId } = await organization(rings[0]!, 1);
    await Promise.all(rings.map((ring) => ring.beginGeneration(orgId, 2)));
    const sealed = await Promise.all(rings.map((ring) => ring.seal(orgId, 'sec_a', 1, value('sec_a'))));
    const fresh = await openRing();
    expect(await fresh.currentGeneration(orgId)).toBe(2);
    for (const each of sealed) await expectReadable(fresh, orgId, new Map([['sec_a', each]]));
    expect(await keys.list({ purpose: 'organization', orgId, limit: 10 })).toHaveLength(2);
  });
});

describe('rewrapDataKeys', () => {
  it('moves every key of one organization in batches, and none of another', async () => {
    const ring = await openRing();
    const { orgId, sealed } = await organization(ring, 250);
    const other = await organization(ring, 3);
    await ring.beginGeneration(orgId, 2);

    const first = await ring.rewrapBatch(orgId, '');
    expect(first).toMatchObject({ rewrapped: 100, damaged: 0 });
    // Interrupted here and begun anew by another process: what is done is not done again.
    const resumed = await openRing();
    await expectReadable(resumed, orgId, sealed);
    expect(await rewrapAll(resumed, orgId)).toBe(150);
    expect(new Set(await parentsOf(orgId))).toEqual(new Set(['.2']));
    expect(await parentsOf(other.orgId)).toEqual(['.1', '.1', '.1']);
    expect(await rewrapAll(resumed, orgId)).toBe(0);
    for (const each of [ring, resumed, await openRing()]) {
      await expectReadable(each, orgId, sealed);
      await expectReadable(each, other.orgId, other.sealed);
    }
  });

  it('goes from any generation to the last', async () => {
    const ring = await openRing();
    const { orgId, sealed } = await organization(ring, 2);
    for (const generation of [2, 3]) {
      await ring.beginGeneration(orgId, generation);
      sealed.set(
        `sec_g${generation}`,
        await ring.seal(orgId, `sec_g${generation}`, 1, value(`sec_g${generation}`)),
      );
    }
    expect(await rewrapAll(await openRing(), orgId)).toBe(3);
    expect(new Set(await parentsOf(orgId))).toEqual(new Set(['.3']));
    await expectReadable(ring, orgId, sealed);
  });

  it('disturbs no reader, whichever of the two writings it has fetched', async () => {
    const ring = await openRing();
    const { orgId, sealed } = await organization(ring, 3);
    await ring.beginGeneration(orgId, 2);
    const overtaken = await openRing(
      over({
        async get(id) {
          const row = await keys.get(id);
          // Between the reader's two steps, everything is wrapped anew.
          if (row?.purpose === 'data') await rewrapAll(ring, orgId);
          return row;
        },
      }),
    );
    await expectReadable(overtaken, orgId, sealed);
    expect(new Set(await parentsOf(orgId))).toEqual(new Set(['.2']));
  });

  it.each(['before', 'after'] as const)(
    'brings no key back that is destroyed %s its new writing is stored',
    async (order) => {
      const ring = await openRing();
      const { orgId, sealed } = await organization(ring, 3);
      await ring.beginGeneration(orgId, 2);
      const gone = sealed.get('sec_1')!;
      const racing = over({
        async rewrap(rows) {
          expect(rows.map(({ id }) => id)).toContain(gone.dataKeyId);
          if (order === 'before') await ring.destroy([gone.dataKeyId]);
          const count = await keys.rewrap(rows);
          if (order === 'after') await ring.destroy([gone.dataKeyId]);
          return count;
        },
      });
      await rewrapAll(await openRing(racing), orgId);
      expect(await keys.get(gone.dataKeyId)).toBeNull();
      await expect(ring.open(orgId, 'sec_1', 1, gone)).rejects.toMatchObject({ code: 'INTEGRITY_ERROR' });
      sealed.delete('sec_1');
      expect(await parentsOf(orgId)).toEqual(['.2', '.2']);
      await expectReadable(ring, orgId, sealed);
    },
  );

  it('leaves a damaged key where it is, and goes on with the others', async () => {
    const ring = await openRing();
    const { orgId, sealed } = await organization(ring, 4);
    await ring.beginGeneration(orgId, 2);
    const [damaged, orphaned] = [sealed.get('sec_1')!, sealed.get('sec_2')!];
    await keys.rewrap([{ id: damaged.dataKeyId, parent: `${orgId}.1`, wrapped: Buffer.alloc(64) }]);
    await keys.rewrap([{ id: orphaned.dataKeyId, parent: `${orgId}.9`, wrapped: Buffer.alloc(64) }]);
    expect(await ring.rewrapBatch(orgId, '')).toEqual({ nextAfterId: null, rewrapped: 2, damaged: 2 });
    expect((await parentsOf(orgId)).sort()).toEqual(['.1', '.2', '.2', '.9']);
    sealed.delete('sec_1');
    sealed.delete('sec_2');
    await expectReadable(ring, orgId, sealed);
  });

  it('stores nothing half when the store goes away', async () => {
    const ring = await openRing();
    const { orgId, sealed } = await organization(ring, 3);
    await ring.beginGeneration(orgId, 2);
    const away = await openRing(
      over({ rewrap: () => keys.rewrap([]).then(() => Promise.reject(new Error())) }),
    );
    await expect(away.rewrapBatch(orgId, '')).rejects.toThrow();
    expect(await parentsOf(orgId)).toEqual(['.1', '.1', '.1']);
    await expectReadable(ring, orgId, sealed);
  });
});
