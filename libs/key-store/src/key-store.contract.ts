import { randomBytes, randomUUID } from 'node:crypto';
import type { KeyPurpose, KeyStore, RootKeyState, WrappedKey } from './key-store';

const newOrg = () => `org_${randomUUID()}`;
const dataKeyId = () => randomBytes(16).toString('hex');
const newParent = () => `root-${randomUUID()}`;

function someKey(fields: Partial<WrappedKey> = {}): WrappedKey {
  const orgId = fields.orgId ?? newOrg();
  return {
    id: dataKeyId(),
    purpose: 'data',
    parent: `${orgId}.1`,
    orgId,
    secretId: 'sec_a',
    generation: 1,
    createdAt: '2026-01-01T00:00:00.000Z',
    wrapped: randomBytes(64),
    ...fields,
  };
}

const organizationKey = (parent: string, orgId = newOrg()) =>
  someKey({ id: `${orgId}.1`, purpose: 'organization', parent, orgId, secretId: '' });

/** Gives keys one shape, because engines return different kinds of bytes. */
const plain = (key: WrappedKey | null | undefined) =>
  key && { ...key, wrapped: Buffer.from(key.wrapped).toString('hex') };

/** The tests that every key store must pass. They use new ids throughout, so that other rows do not matter. */
export function keyStoreContract(name: string, open: () => Promise<KeyStore>): void {
  describe(`KeyStore on ${name}`, () => {
    let keys: KeyStore;

    beforeAll(async () => {
      keys = await open();
    });
    afterAll(() => keys.close());

    const insertAll = (rows: readonly WrappedKey[]) => Promise.all(rows.map((row) => keys.insert(row)));

    it.each<[KeyPurpose, Partial<WrappedKey>]>([
      ['data', {}],
      ['organization', { id: `${newOrg()}.12`, generation: 12, secretId: '' }],
      ['instance', { id: `name-${randomUUID()}`, orgId: '', secretId: '', parent: newParent() }],
      ['data', { generation: 2 ** 40, wrapped: Uint8Array.from({ length: 256 }, (_, byte) => byte) }],
    ])('gives back every field of a key: %s', async (purpose, fields) => {
      const key = someKey({ ...fields, purpose });
      expect(await keys.insert(key)).toBe(true);
      expect(plain(await keys.get(key.id))).toEqual(plain(key));
    });

    it('gives null for an id that is not there', async () => {
      expect(await keys.get(dataKeyId())).toBeNull();
      expect(await keys.get('')).toBeNull();
    });

    it('keeps the first of two keys with one id', async () => {
      const key = someKey();
      expect(await keys.insert(key)).toBe(true);
      expect(await keys.insert({ ...someKey(), id: key.id })).toBe(false);
      expect(plain(await keys.get(key.id))).toEqual(plain(key));
    });

    it('lets exactly one of many at once insert an id, and all see the winner', async () => {
      const id = dataKeyId();
      const rivals = Array.from({ length: 20 }, () => ({ ...someKey(), id }));
      const wins = await insertAll(rivals);
      expect(wins.filter(Boolean)).toHaveLength(1);
      expect(plain(await keys.get(id))).toEqual(plain(rivals[wins.indexOf(true)]));
    });

    it('does not hold on to the bytes it was given', async () => {
      const key = someKey();
      const before = plain(key);
      await keys.insert(key);
      key.wrapped.fill(0);
      expect(plain(await keys.get(key.id))).toEqual(before);
    });

    it('lists by purpose, parent and organization, ordered by id, in pages', async () => {
      const parent = newParent();
      const mine = Array.from({ length: 5 }, () => organizationKey(parent)).sort((a, b) =>
        a.id < b.id ? -1 : 1,
      );
      const others = [
        organizationKey(newParent()),
        someKey({ parent }),
        someKey({ parent, purpose: 'instance', id: newParent() }),
      ];
      await insertAll([...mine, ...others].reverse());
      const query = { purpose: 'organization', parent } as const;
      expect((await keys.list({ ...query, limit: 100 })).map(plain)).toEqual(mine.map(plain));
      const first = await keys.list({ ...query, limit: 2 });
      const next = await keys.list({ ...query, afterId: first.at(-1)!.id, limit: 2 });
      expect([...first, ...next].map(plain)).toEqual(mine.slice(0, 4).map(plain));
      expect(await keys.list({ ...query, afterId: mine.at(-1)!.id, limit: 2 })).toEqual([]);
    });

    it('lists the keys of one organization', async () => {
      const orgId = newOrg();
      const generations = [1, 2].map((generation) => ({
        ...organizationKey(newParent(), orgId),
        id: `${orgId}.${generation}`,
        generation,
      }));
      const data = [someKey({ orgId }), someKey({ orgId, secretId: 'sec_b' })].sort((a, b) =>
        a.id < b.id ? -1 : 1,
      );
      await insertAll([...generations, ...data, someKey(), organizationKey(newParent())]);
      expect((await keys.list({ purpose: 'organization', orgId, limit: 10 })).map(plain)).toEqual(
        generations.map(plain),
      );
      expect((await keys.list({ purpose: 'data', orgId, limit: 10 })).map(plain)).toEqual(data.map(plain));
      expect(await keys.list({ purpose: 'data', orgId, parent: `${orgId}.2`, limit: 10 })).toEqual([]);
      expect(await keys.list({ purpose: 'instance', orgId, limit: 10 })).toEqual([]);
    });

    it('pages through all keys of a purpose', async () => {
      const made = Array.from({ length: 5 }, () => someKey());
      await insertAll(made);
      const seen: string[] = [];
      let page = await keys.list({ purpose: 'data', limit: 2 });
      while (page.length > 0) {
        seen.push(...page.map(({ id }) => id));
        page = await keys.list({ purpose: 'data', afterId: seen.at(-1)!, limit: 2 });
      }
      expect(seen).toEqual([...new Set(seen)].sort());
      expect(seen).toEqual(expect.arrayContaining(made.map(({ id }) => id)));
    });

    it('counts by purpose and parent', async () => {
      const parent = newParent();
      const before = await keys.count({ purpose: 'organization' });
      await insertAll([organizationKey(parent), organizationKey(parent), someKey({ parent })]);
      expect(await keys.count({ purpose: 'organization', parent })).toBe(2);
      expect(await keys.count({ purpose: 'data', parent })).toBe(1);
      expect(await keys.count({ purpose: 'instance', parent })).toBe(0);
      expect(await keys.count({ purpose: 'organization' })).toBe(before + 2);
    });

    it('re-wraps keys that are there: parent and bytes change, nothing else', async () => {
      const [one, other] = [someKey(), someKey()];
      await insertAll([one, other]);
      const changes = { parent: newParent(), wrapped: randomBytes(64) };
      expect(await keys.rewrap([{ id: one.id, ...changes }])).toBe(1);
      expect(plain(await keys.get(one.id))).toEqual(plain({ ...one, ...changes }));
      expect(plain(await keys.get(other.id))).toEqual(plain(other));
      expect(await keys.rewrap([])).toBe(0);
    });

    it('never brings a destroyed key back by re-wrapping it', async () => {
      const [gone, there] = [someKey(), someKey()];
      await insertAll([gone, there]);
      const changes = [gone, there].map(({ id }) => ({ id, parent: newParent(), wrapped: randomBytes(64) }));
      await keys.destroy([gone.id]);
      expect(await keys.rewrap(changes)).toBe(1);
      expect(await keys.get(gone.id)).toBeNull();
      expect((await keys.get(there.id))?.parent).toBe(changes[1]!.parent);
    });

    it('keeps a key gone when re-wrapping and destroying are called at once, in either order', async () => {
      for (const destroyFirst of [true, false]) {
        const rows = Array.from({ length: 20 }, () => someKey());
        await insertAll(rows);
        const ids = rows.map(({ id }) => id);
        const rewrap = () =>
          keys.rewrap(rows.map(({ id }) => ({ id, parent: newParent(), wrapped: randomBytes(64) })));
        await Promise.all(destroyFirst ? [keys.destroy(ids), rewrap()] : [rewrap(), keys.destroy(ids)]);
        expect(await Promise.all(ids.map((id) => keys.get(id)))).toEqual(ids.map(() => null));
      }
    });

    it('destroys the named keys only, and may be told again', async () => {
      const rows = [someKey(), someKey(), someKey()];
      await insertAll(rows);
      const ids = rows.slice(0, 2).map(({ id }) => id);
      expect(await keys.destroy([...ids, dataKeyId()])).toBe(2);
      expect(await keys.destroy(ids)).toBe(0);
      expect(await keys.destroy([])).toBe(0);
      expect(await keys.get(ids[0]!)).toBeNull();
      expect(plain(await keys.get(rows[2]!.id))).toEqual(plain(rows[2]));
    });

    it('remembers the root key state', async () => {
      const states: RootKeyState[] = [
        { current: newParent(), previous: null, retired: [] },
        { current: newParent(), previous: newParent(), retired: [newParent(), newParent()] },
      ];
      for (const state of states) {
        await keys.setRootKeyState(state);
        expect(await keys.rootKeyState()).toEqual(state);
      }
    });

    it('answers a ping', async () => {
      await expect(keys.ping()).resolves.toBeUndefined();
    });
  });
}
