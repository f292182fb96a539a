import { randomUUID } from 'node:crypto';
import type { Change, CollectionSpec, Document, Query, ReadStore } from './read-store';

/** New names in each run, so that the suite does not need an empty server. */
const run = randomUUID().slice(0, 8).replaceAll('-', '');

const people: CollectionSpec = {
  name: `people_${run}`,
  fields: {
    orgId: 'string',
    deleted: 'integer',
    name: 'string',
    about: 'string',
    expiresAt: 'string',
    tags: 'strings',
  },
  indexes: [
    ['orgId', 'deleted', 'name'],
    ['orgId', 'deleted', 'expiresAt'],
  ],
  countBy: ['orgId', 'deleted'],
  latest: ['seenAt'],
};
const records: CollectionSpec = {
  name: `records_${run}`,
  fields: { kind: 'string', createdAt: 'string' },
  indexes: [['createdAt']],
};

let lastOrg = 0;
const newOrg = () => `org_${run}_${++lastOrg}`;

const put = (document: Document, revision: number | string): Change => ({
  kind: 'put',
  collection: people.name,
  document,
  revision: String(revision),
});
const remove = (id: string, revision: number): Change => ({
  kind: 'remove',
  collection: people.name,
  id,
  revision: String(revision),
});
const seen = (id: string, to: string): Change => ({
  kind: 'advance',
  collection: people.name,
  id,
  field: 'seenAt',
  to,
});

/** A store, and the lease of one projection on it. */
interface Subject {
  store: ReadStore;
  project(...changes: readonly Change[]): Promise<void>;
  find(query: Partial<Query> & Pick<Query, 'where'>): Promise<string[]>;
}

const LEASE_MS = 60_000;
const byName = { field: 'name', direction: 'ascending' } as const;

/**
 * The behaviour of every read store. Each `open` gives a store on the same data. The suite closes one before it opens
 * the next.
 */
export function readStoreContract(name: string, open: () => Promise<ReadStore>): void {
  describe(`${name} as a ReadStore`, () => {
    const subject = { project, find } as Subject;
    let fence = 0;

    async function start(): Promise<void> {
      subject.store = await open();
      await subject.store.ensureCollection(people);
      await subject.store.ensureCollection(records);
      fence = (await subject.store.acquireLease(`people_${run}`, 'suite', LEASE_MS)) ?? -1;
    }
    function project(...changes: readonly Change[]): Promise<void> {
      return subject.store.project(`people_${run}`, changes, '1', fence);
    }
    async function find(query: Partial<Query> & Pick<Query, 'where'>): Promise<string[]> {
      const found = await subject.store.find(people.name, { sort: byName, limit: 1_000, ...query });
      return found.map(({ id }) => id.slice(id.lastIndexOf('/') + 1));
    }

    beforeAll(start);
    afterAll(() => subject.store.close());

    describe('guards', () => guards(subject));
    describe('latest fields', () => latestFields(subject));
    describe('checkpoints and fences', () => fences(subject));
    describe('leases', () => leases(subject));
    describe('queries', () => queries(subject));
    describe('counts', () => counts(subject));
    describe('refusals', () => refusals(subject));
    describe('records', () => recordsOf(subject));
    describe('contents', () => contentsOf(subject, open));

    it('keeps everything when it is opened again', async () => {
      const orgId = newOrg();
      const document = { id: `${orgId}/a`, orgId, deleted: 0, name: 'A' };
      await project(put(document, 3), seen(document.id, '2025'));
      await subject.store.put(records.name, { id: orgId, kind: 'kept' });
      const fenceBefore = await subject.store.acquireLease(orgId, 'first life', LEASE_MS);
      await subject.store.project(orgId, [], '17', Number(fenceBefore));
      await subject.store.releaseLease(orgId, 'first life');
      await subject.store.close();
      await start();

      expect(await subject.store.get(people.name, document.id)).toEqual({ ...document, seenAt: '2025' });
      expect(await subject.store.count(people.name, { where: { orgId, deleted: 0 } })).toBe(1);
      expect(await subject.store.get(records.name, orgId)).toEqual({ id: orgId, kind: 'kept' });
      expect(await subject.store.checkpoint(orgId)).toBe('17');
      expect(await subject.store.acquireLease(orgId, 'second life', LEASE_MS)).toBeGreaterThan(
        Number(fenceBefore),
      );
      await project(put({ ...document, name: 'older' }, 2));
      expect(await subject.store.get(people.name, document.id)).toMatchObject({ name: 'A' });
    });

    it('answers a ping', async () => {
      await expect(subject.store.ping()).resolves.toBeUndefined();
    });
  });
}

function guards(subject: Subject): void {
  const get = (id: string) => subject.store.get(people.name, id);
  const nameOf = async (id: string) => (await get(id))?.['name'];

  it('gives a document back as it was put', async () => {
    const id = newOrg();
    const tags = ['a', '', '"quoted", \\ and \u0000', 'é😀'];
    const document = {
      id,
      orgId: id,
      name: 'N\u0000é😀\u2028"\'',
      tags,
      nested: { list: [1, 1.5, null, true] },
      at: null,
    };
    await subject.project(put(document, 0));
    expect(await get(id)).toMatchObject(document);
    expect(await get(`${id} unknown`)).toBeNull();
  });

  it('compares revisions as numbers', async () => {
    const id = newOrg();
    await subject.project(put({ id, name: 'ten' }, 10));
    await subject.project(put({ id, name: 'nine' }, 9));
    expect(await nameOf(id)).toBe('ten');
    await subject.project(put({ id, name: 'hundred' }, 100));
    expect(await nameOf(id)).toBe('hundred');
    await subject.project(put({ id, name: 'far' }, '900719925474099312'));
    await subject.project(put({ id, name: 'near' }, '900719925474099311'));
    expect(await nameOf(id)).toBe('far');
  });

  it('refuses the revision that is there already', async () => {
    const id = newOrg();
    await subject.project(put({ id, name: 'first' }, 1));
    await subject.project(put({ id, name: 'second' }, 1));
    expect(await nameOf(id)).toBe('first');
  });

  it('refuses a removal of an older revision', async () => {
    const id = newOrg();
    await subject.project(put({ id, name: 'kept' }, 10));
    await subject.project(remove(id, 9));
    expect(await nameOf(id)).toBe('kept');
    await subject.project(remove(id, 11));
    expect(await get(id)).toBeNull();
  });

  it('keeps a removed document removed when older events come again', async () => {
    const [id, unseen] = [newOrg(), newOrg()];
    await subject.project(put({ id, name: 'A' }, 0), remove(id, 1), remove(unseen, 1));
    await subject.project(put({ id, name: 'A' }, 0), put({ id: unseen, name: 'A' }, 0));
    expect(await get(id)).toBeNull();
    expect(await get(unseen)).toBeNull();
    await subject.project(put({ id, name: 'back' }, 2));
    expect(await nameOf(id)).toBe('back');
  });

  it('finds no removed document by what it lacks', async () => {
    const id = newOrg();
    const where = { orgId: null };
    const before = await subject.store.count(people.name, { where });
    await subject.project(put({ id }, 0));
    expect(await subject.store.count(people.name, { where })).toBe(before + 1);
    await subject.project(remove(id, 1));
    expect(await subject.store.count(people.name, { where })).toBe(before);
    expect(await subject.find({ where })).not.toContain(id);
  });

  it('changes nothing when the same changes are applied twice', async () => {
    const orgId = newOrg();
    const of = (letter: string, name: string) => ({ id: `${orgId}/${letter}`, orgId, deleted: 0, name });
    const changes = [
      put(of('a', 'first'), 0),
      put(of('b', 'other'), 0),
      put(of('a', 'second'), 1),
      put(of('c', 'gone'), 4),
      remove(`${orgId}/c`, 5),
    ];
    await subject.project(...changes);
    const all = { where: { orgId }, sort: byName, limit: 10 };
    const before = await subject.store.find(people.name, all);
    expect(before).toMatchObject([{ name: 'other' }, { name: 'second' }]);
    await subject.project(...changes);
    expect(await subject.store.find(people.name, all)).toEqual(before);
    expect(await subject.store.count(people.name, { where: { orgId, deleted: 0 } })).toBe(2);
  });
}

function latestFields(subject: Subject): void {
  const seenAt = async (id: string) => (await subject.store.get(people.name, id))?.['seenAt'] ?? null;

  it('only grow, and survive a put', async () => {
    const id = newOrg();
    await subject.project(put({ id, orgId: id, name: 'A' }, 0));
    expect(await seenAt(id)).toBeNull();
    await subject.project(seen(id, '2025-02'), seen(id, '2025-03'), seen(id, '2025-01'));
    expect(await seenAt(id)).toBe('2025-03');
    await subject.project(seen(id, '2025-02'), put({ id, orgId: id, name: 'B' }, 1));
    const found = await subject.store.find(people.name, { where: { orgId: id }, sort: byName, limit: 10 });
    expect(found).toMatchObject([{ id, name: 'B', seenAt: '2025-03' }]);
  });

  it('belong to documents that are there', async () => {
    const [id, gone] = [newOrg(), newOrg()];
    await subject.project(seen(id, '2025'));
    expect(await subject.store.get(people.name, id)).toBeNull();
    await subject.project(put({ id: gone }, 0), remove(gone, 1), seen(gone, '2025'));
    expect(await subject.store.get(people.name, gone)).toBeNull();
    await subject.project(put({ id: gone }, 2));
    expect(await seenAt(gone)).toBeNull();
  });
}

function fences(subject: Subject): void {
  it('moves the checkpoint with the changes', async () => {
    const name = newOrg();
    const fence = Number(await subject.store.acquireLease(name, 'a', LEASE_MS));
    expect(await subject.store.checkpoint(name)).toBeNull();
    await subject.store.project(name, [put({ id: name, name: 'A' }, 0)], '41', fence);
    await subject.store.project(name, [], '12345678901234567890', fence);
    expect(await subject.store.checkpoint(name)).toBe('12345678901234567890');
  });

  it('refuses who holds no lease, and writes nothing', async () => {
    const name = newOrg();
    const projecting = subject.store.project(name, [put({ id: name }, 0)], '1', 1);
    await expect(projecting).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await subject.store.get(people.name, name)).toBeNull();
    expect(await subject.store.checkpoint(name)).toBeNull();
  });

  it('refuses the old holder once the lease was taken over, and writes nothing', async () => {
    const name = newOrg();
    const old = Number(await subject.store.acquireLease(name, 'a', LEASE_MS));
    await subject.store.project(name, [], '1', old);
    await subject.store.releaseLease(name, 'a');
    const fence = Number(await subject.store.acquireLease(name, 'b', LEASE_MS));
    const late = subject.store.project(name, [put({ id: name, name: 'late' }, 0)], '2', old);
    await expect(late).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await subject.store.get(people.name, name)).toBeNull();
    expect(await subject.store.checkpoint(name)).toBe('1');
    await subject.store.project(name, [put({ id: name, name: 'new' }, 0)], '2', fence);
    expect(await subject.store.checkpoint(name)).toBe('2');
  });

  it('writes nothing of a call with a change that it refuses', async () => {
    const name = newOrg();
    const fence = Number(await subject.store.acquireLease(name, 'a', LEASE_MS));
    const changes = [put({ id: name, name: 'A' }, 0), put({ id: `${name}/b`, name: 5 }, 0)];
    await expect(subject.store.project(name, changes, '1', fence)).rejects.toMatchObject({
      code: 'VALIDATION_FAILED',
    });
    expect(await subject.store.get(people.name, name)).toBeNull();
    expect(await subject.store.checkpoint(name)).toBeNull();
  });
}

function leases(subject: Subject): void {
  const acquire = (name: string, holder: string, ttlMs = LEASE_MS) =>
    subject.store.acquireLease(name, holder, ttlMs);

  it('have one holder, whoever races for them', async () => {
    const name = newOrg();
    const holders = Array.from({ length: 20 }, (_, i) => `holder ${i}`);
    const fences = await Promise.all(holders.map((holder) => acquire(name, holder)));
    expect(fences.filter((fence) => fence !== null)).toHaveLength(1);
  });

  it('are renewed by their holder under the same fence', async () => {
    const name = newOrg();
    const fence = await acquire(name, 'a');
    expect(await acquire(name, 'b')).toBeNull();
    expect(await acquire(name, 'a')).toBe(fence);
  });

  it('pass on when they expire, not before, under a greater fence', async () => {
    const name = newOrg();
    const startedAt = Date.now();
    const fence = Number(await acquire(name, 'a', 300));
    const next = await until(() => acquire(name, 'b'));
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(299);
    expect(next).toBeGreaterThan(fence);
    expect(await acquire(name, 'a')).toBeNull();
  });

  it('pass on at once when they are released by their holder, and by nobody else', async () => {
    const name = newOrg();
    const fence = Number(await acquire(name, 'a'));
    await subject.store.releaseLease(name, 'b');
    expect(await acquire(name, 'b')).toBeNull();
    await subject.store.releaseLease(name, 'a');
    const next = Number(await acquire(name, 'b'));
    expect(next).toBeGreaterThan(fence);
    await subject.store.releaseLease(name, 'b');
    expect(await acquire(name, 'a')).toBeGreaterThan(next);
  });
}

function queries(subject: Subject): void {
  const orgId = newOrg();
  const document = (id: string, fields: object) =>
    put({ id: `${orgId}/${id}`, orgId, deleted: 0, ...fields }, 0);

  beforeAll(() =>
    subject.project(
      document('a', { name: 'DELTA', about: '100% sure', tags: ['red', 'a,b'], expiresAt: '2025-02' }),
      document('b', { name: 'ALPHA', about: 'snake_case', tags: ['redder'], expiresAt: null }),
      document('c', { name: 'CHARLIE', about: 'back\\slash', tags: ['","', 'x,'], expiresAt: '2025-01' }),
      document('d', { name: 'ALPHA', about: `it's "quoted"`, tags: ['y,', ',z', '"'] }),
      document('e', { name: 'BRAVO', about: 'café 😀', tags: [], deleted: 1, expiresAt: '2025-03' }),
      document('f', { name: 'ECHO', about: 'Plain Text', tags: null, deleted: 1 }),
      put({ id: `${orgId}/other`, orgId: `${orgId} other`, deleted: 0, name: 'ALPHA', tags: ['red'] }, 0),
    ),
  );

  it.each<[string, Query['where'], string[]]>([
    ['one field', { orgId }, ['b', 'd', 'e', 'c', 'a', 'f']],
    ['several fields', { orgId, deleted: 1 }, ['e', 'f']],
    ['a name', { orgId, name: 'ALPHA' }, ['b', 'd']],
    ['no partial or other-case value', { orgId, name: 'alpha' }, []],
    ['null: null or missing', { orgId, expiresAt: null }, ['b', 'd', 'f']],
    ['null for a list', { orgId, tags: null }, ['f']],
    ['a member', { orgId, tags: 'red' }, ['a']],
    ['a member with a comma', { orgId, tags: 'a,b' }, ['a']],
    ['no text across members', { orgId, tags: ',' }, []],
    ['no separator as a member', { orgId, tags: '","' }, ['c']],
    ['a quote as a member', { orgId, tags: '"' }, ['d']],
    ['a value full of SQL', { orgId, name: `' OR 1=1 --` }, []],
  ])('finds by %s', async (_, where, ids) => {
    expect(await subject.find({ where })).toEqual(ids);
    expect(await subject.store.count(people.name, { where })).toBe(ids.length);
  });

  it.each<[string, string[]]>([
    ['%', ['a']],
    ['0% s', ['a']],
    ['_', ['b']],
    ['E_C', ['b']],
    ['\\', ['c']],
    ['k\\s', ['c']],
    [`it's`, ['d']],
    ['"QUOTED"', ['d']],
    ['😀', ['e']],
    ['plain', ['f']],
    ['harl', ['c']],
    ['.*', []],
    ['^', []],
    ['$', []],
    ['', ['b', 'd', 'e', 'c', 'a', 'f']],
  ])('finds the literal text %j in any of the fields, whatever its case', async (text, ids) => {
    const contains = { fields: ['name', 'about'], text };
    expect(await subject.find({ where: { orgId }, contains })).toEqual(ids);
    expect(await subject.store.count(people.name, { where: { orgId }, contains })).toBe(ids.length);
  });

  it('sorts both ways, ties by id', async () => {
    const where = { orgId };
    expect(await subject.find({ where, sort: { field: 'name', direction: 'descending' } })).toEqual([
      ...'facedb',
    ]);
    const expiry = await subject.find({ where, sort: { field: 'expiresAt', direction: 'ascending' } });
    expect(expiry).toEqual([...'bdfcae']);
    const last = await subject.find({ where, sort: { field: 'id', direction: 'descending' }, limit: 2 });
    expect(last).toEqual(['f', 'e']);
  });

  it('gives pages that neither overlap nor leave a gap', async () => {
    const pages = [0, 2, 4, 6].map((skip) => subject.find({ where: { orgId }, skip, limit: 2 }));
    expect(await Promise.all(pages)).toEqual([['b', 'd'], ['e', 'c'], ['a', 'f'], []]);
  });
}

function counts(subject: Subject): void {
  it('follow every way a document changes', async () => {
    const orgId = newOrg();
    const id = `${orgId}/a`;
    const count = async () => [
      await subject.store.count(people.name, { where: { orgId, deleted: 0 } }),
      await subject.store.count(people.name, { where: { deleted: 1, orgId } }),
      await subject.store.count(people.name, { where: { orgId, deleted: null } }),
      await subject.store.count(people.name, { where: { orgId } }),
    ];
    expect(await count()).toEqual([0, 0, 0, 0]);
    await subject.project(put({ id, orgId, deleted: 0 }, 0), put({ id: `${orgId}/b`, orgId }, 0));
    expect(await count()).toEqual([1, 0, 1, 2]);
    await subject.project(put({ id, orgId, deleted: 1 }, 1));
    expect(await count()).toEqual([0, 1, 1, 2]);
    await subject.project(remove(id, 2), remove(`${orgId}/never`, 0));
    expect(await count()).toEqual([0, 0, 1, 1]);
    await subject.project(put({ id, orgId, deleted: 0 }, 3));
    expect(await count()).toEqual([1, 0, 1, 2]);
    await subject.store.remove(people.name, id);
    expect(await count()).toEqual([0, 0, 1, 1]);
  });
}

function refusals(subject: Subject): void {
  const where = { orgId: 'org' };
  const query = { where, sort: byName, limit: 10 };
  const find = (patch: object) => subject.store.find(people.name, { ...query, ...patch });

  it.each<[string, () => Promise<unknown>]>([
    ['an operator as a value', () => find({ where: { orgId: { $ne: null } } })],
    ['an operator as a number', () => find({ where: { deleted: { $gt: 0 } } })],
    ['an operator as a member', () => find({ where: { tags: { $ne: null } } })],
    ['a list as a value', () => find({ where: { orgId: ['org'] } })],
    ['text for a number', () => find({ where: { deleted: '0' } })],
    ['a fraction', () => find({ where: { deleted: 0.5 } })],
    ['an undefined value', () => find({ where: { orgId: undefined } })],
    ['an operator as a field', () => find({ where: { $where: 'true' } })],
    ['an undeclared field', () => find({ where: { nested: 'x' } })],
    ['an inherited field', () => find({ where: { constructor: 'x' } })],
    ['SQL as a field', () => find({ where: { 'name" = 1 OR "name': 'x' } })],
    ['an operator as a text', () => find({ contains: { fields: ['name'], text: { $regex: '.' } } })],
    ['an undeclared text field', () => find({ contains: { fields: ['secret'], text: 'x' } })],
    ['a text in no field', () => find({ contains: { fields: [], text: 'x' } })],
    ['a text without end', () => find({ contains: { fields: ['name'], text: 'x'.repeat(1_001) } })],
    ['a text with a NUL', () => find({ contains: { fields: ['name'], text: 'a\0b' } })],
    ['an undeclared order', () => find({ sort: { field: 'secret', direction: 'ascending' } })],
    ['an order by a list', () => find({ sort: { field: 'tags', direction: 'ascending' } })],
    ['an unknown direction', () => find({ sort: { field: 'name', direction: '; DROP' } })],
    ['no limit', () => find({ limit: undefined })],
    ['records of an SQL', () => subject.store.listRecords('x" --', { afterId: '', limit: 1 })],
    ['records after an operator', () => subject.store.listRecords(records.name, { afterId: { $ne: '' } as never, limit: 1 })], // prettier-ignore
    ['records without a limit', () => subject.store.listRecords(records.name, { afterId: '', limit: 0 })],
    ['a negative skip', () => find({ skip: -1 })],
    [
      'an operator in a count',
      () => subject.store.count(people.name, { where: { orgId: { $ne: null } } as never }),
    ],
    ['an operator as an id', () => subject.store.get(people.name, { $ne: null } as never)],
    ['an operator as an id to remove', () => subject.store.remove(people.name, { $ne: null } as never)],
    [
      'a record with an operator as its id',
      () => subject.store.put(records.name, { id: { $ne: null } } as never),
    ],
    [
      'a record with a field of another type',
      () => subject.store.putIfAbsent(records.name, { id: 'x', kind: {} }),
    ],
    ['removing by an undeclared field', () => subject.store.removeBefore(records.name, 'other', '2025')],
    [
      'a time that is none',
      () => subject.store.removeBefore(records.name, 'createdAt', { $ne: null } as never),
    ],
    ['a revision that is none', () => subject.project(put({ id: 'x' }, '1e3'))],
    ['a field that is not latest', () => subject.project({ ...seen('x', '2025'), field: 'name' } as Change)],
    [
      'a collection name full of SQL',
      () => subject.store.ensureCollection({ ...records, name: 'x" (y); --' }),
    ],
    [
      'an index on an undeclared field',
      () => subject.store.ensureCollection({ ...records, indexes: [['other']] }),
    ],
  ])('refuses %s', async (_, call) => {
    await expect(call()).rejects.toMatchObject({ code: 'VALIDATION_FAILED' });
  });

  it('is unavailable for a collection that is not there yet', async () => {
    await expect(subject.store.get(`later_${run}`, 'x')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('ensures a collection again, with what it was found to need', async () => {
    const spec = { name: `grown_${run}`, fields: { name: 'string' }, indexes: [] } as const;
    await subject.store.ensureCollection(spec);
    await subject.store.put(spec.name, { id: 'a', name: 'A', age: 3 });
    await subject.store.put(spec.name, { id: 'b', name: 'B', age: 4 });
    const fields = { name: 'string', age: 'integer' } as const;
    const grown = { ...spec, fields, indexes: [['age']], countBy: ['age'], latest: ['seenAt'] };
    await subject.store.ensureCollection(grown);
    await subject.store.ensureCollection(grown);
    expect(await subject.store.find(spec.name, { where: { age: 4 }, sort: byName, limit: 5 })).toMatchObject([
      { id: 'b' },
    ]);
    expect(await subject.store.count(spec.name, { where: { age: 3 } })).toBe(1);
  });
}

function recordsOf(subject: Subject): void {
  const record = (id: string, fields: object = {}) => ({ id, kind: 'test', ...fields });
  const get = (id: string) => subject.store.get(records.name, id);

  it('are replaced by a put, and gone after a removal', async () => {
    const id = newOrg();
    await subject.store.put(records.name, record(id, { extra: 1 }));
    await subject.store.put(records.name, record(id, { answer: { deep: ['x'] } }));
    expect(await get(id)).toEqual(record(id, { answer: { deep: ['x'] } }));
    await subject.store.remove(records.name, id);
    await subject.store.remove(records.name, id);
    expect(await get(id)).toBeNull();
  });

  it('are put once by putIfAbsent, which gives what is there', async () => {
    const id = newOrg();
    expect(await subject.store.putIfAbsent(records.name, record(id, { n: 1 }))).toEqual(record(id, { n: 1 }));
    expect(await subject.store.putIfAbsent(records.name, record(id, { n: 2 }))).toEqual(record(id, { n: 1 }));
    await subject.store.remove(records.name, id);
    expect(await subject.store.putIfAbsent(records.name, record(id, { n: 3 }))).toEqual(record(id, { n: 3 }));
  });

  it('have one winner when putIfAbsent races', async () => {
    const id = newOrg();
    const attempts = Array.from({ length: 30 }, (_, n) =>
      subject.store.putIfAbsent(records.name, record(id, { n })),
    );
    const answers = await Promise.all(attempts);
    const winner = await get(id);
    expect(answers).toEqual(answers.map(() => winner));
  });

  it('go by age, those without a time stay', async () => {
    const ids = ['2025-01', '2025-02', '2025-03', null].map((createdAt) => ({ id: newOrg(), createdAt }));
    for (const { id, createdAt } of ids) await subject.store.put(records.name, record(id, { createdAt }));
    expect(await subject.store.removeBefore(records.name, 'createdAt', '2025-03')).toBe(2);
    expect(await subject.store.removeBefore(records.name, 'createdAt', '2025-03')).toBe(0);
    const left = await Promise.all(ids.map(({ id }) => get(id)));
    expect(left.map((found) => found?.['createdAt'])).toEqual([undefined, undefined, '2025-03', null]);
  });

  it('that are there stay when the others are forgotten, and go on being written', async () => {
    const [kept, gone] = [newOrg(), newOrg()];
    for (const id of [kept, gone]) await subject.store.put(records.name, record(id, { n: 1 }));
    await subject.store.remove(records.name, gone);
    await subject.store.forget();
    expect([await get(kept), await get(gone)]).toEqual([record(kept, { n: 1 }), null]);
    await subject.store.put(records.name, record(kept, { n: 2 }));
    expect(await get(kept)).toEqual(record(kept, { n: 2 }));
  });
}

function contentsOf(subject: Subject, open: () => Promise<ReadStore>): void {
  const spec = { name: `listed_${run}`, fields: { kind: 'string' }, indexes: [] } as const;
  const list = (afterId: string, limit = 10) => subject.store.listRecords(spec.name, { afterId, limit });
  const idsOf = async (afterId: string, limit?: number) => (await list(afterId, limit)).map(({ id }) => id);

  // Ordered by bytes: capitals first, the emoji last. In JavaScript's own order it comes before U+FFFD.
  const ids = ['B', 'a', 'a b', 'ab', 'é', '\uFFFD', '😀'];
  const documentOf = (id: string) => ({ id, kind: 'listed', nested: { list: [1, 1.5, null, id] } });

  it('name the collections that hold records, ensured or not, and no others', async () => {
    await subject.store.ensureCollection(spec);
    expect((await subject.store.contents()).recordCollections).not.toContain(spec.name);
    for (const id of [...ids].reverse()) await subject.store.put(spec.name, documentOf(id));
    await subject.store.close();
    subject.store = await open();
    const { recordCollections } = await subject.store.contents();
    expect(recordCollections).toEqual([...recordCollections].sort());
    expect(recordCollections).toContain(spec.name);
    expect(recordCollections).not.toContain(people.name);
  });

  it('are listed in pages, ordered by the bytes of their ids', async () => {
    expect(await list('')).toEqual(ids.map(documentOf));
    expect(await idsOf('', 2)).toEqual(ids.slice(0, 2));
    expect(await idsOf('a', 3)).toEqual(ids.slice(2, 5));
    expect(await idsOf('\uFFFD')).toEqual(['😀']);
    expect(await idsOf('😀')).toEqual([]);
  });

  it('hold no record of a collection that is not there, or whose records are gone', async () => {
    expect(await subject.store.listRecords(`nowhere_${run}`, { afterId: '', limit: 1 })).toEqual([]);
    await subject.store.ensureCollection(spec);
    for (const id of ids) await subject.store.remove(spec.name, id);
    expect(await list('')).toEqual([]);
    expect((await subject.store.contents()).recordCollections).not.toContain(spec.name);
  });

  it('tell documents of a projection from records', async () => {
    await subject.store.ensureCollection(people);
    await subject.store.ensureCollection(records);
    const id = newOrg();
    await subject.project(put({ id, orgId: id, name: 'A' }, 0));
    expect(await subject.store.listRecords(people.name, { afterId: '', limit: 100 })).toEqual([]);
    expect((await subject.store.contents()).isProjected).toBe(true);
  });
}

/** The behaviour of a store that was never used; each `open` gives such a store. */
export function emptyReadStoreContract(name: string, open: () => Promise<ReadStore>): void {
  describe(`${name} as an empty ReadStore`, () => {
    let store: ReadStore;
    beforeEach(async () => (store = await open()));
    afterEach(() => store.close());
    const project = async (changes: readonly Change[]) => {
      const fence = Number(await store.acquireLease('alone', 'suite', LEASE_MS));
      await store.project('alone', changes, '1', fence);
    };

    it('holds nothing, and neither collections, leases nor records make it projected', async () => {
      expect(await store.contents()).toEqual({ recordCollections: [], isProjected: false });
      await store.ensureCollection(people);
      await store.ensureCollection(records);
      await store.acquireLease('alone', 'suite', LEASE_MS);
      expect(await store.contents()).toEqual({ recordCollections: [], isProjected: false });
      await store.putIfAbsent(records.name, { id: 'a' });
      expect(await store.contents()).toEqual({ recordCollections: [records.name], isProjected: false });
    });

    it('is projected once there is a checkpoint', async () => {
      await store.acquireLease('alone', 'suite', LEASE_MS);
      await project([]);
      expect(await store.contents()).toEqual({ recordCollections: [], isProjected: true });
    });

    it('knows how far each projection has come', async () => {
      expect(await store.checkpoints()).toEqual([]);
      for (const [name, position] of [
        ['a', '9'],
        ['b', '10'],
      ] as const) {
        const fence = Number(await store.acquireLease(name, 'suite', LEASE_MS));
        await store.project(name, [], position, fence);
      }
      expect((await store.checkpoints()).sort()).toEqual(['10', '9']);
    });
  });
}

async function until<T>(attempt: () => Promise<T | null>): Promise<T> {
  const deadline = Date.now() + 5_000;
  while (Date.now() < deadline) {
    const result = await attempt();
    if (result !== null) return result;
    await new Promise((resume) => setTimeout(resume, 10));
  }
  throw new Error('The condition did not come true');
}
