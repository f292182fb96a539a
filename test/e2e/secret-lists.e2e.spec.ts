import { Api } from './api';
import { expectRefusal } from './expect-refusal';
import { Server } from './server';

jest.setTimeout(120_000);

const SECRETS = 105;

describe('lists of secrets', () => {
  let server: Server;
  let api: Api;
  const namesOf = async (query: string) => {
    const { status, body } = await api.list(query);
    expect(status).toBe(200);
    return body.data.map(({ name }) => name);
  };
  const numbered = (from: number, to: number) =>
    Array.from({ length: to - from + 1 }, (_, n) => `N_${String(from + n).padStart(3, '0')}`);

  beforeAll(async () => {
    server = await Server.start();
    api = Api.of(server);
    // Not in the order of their names, and not all in one moment.
    for (const name of numbered(1, SECRETS).reverse()) {
      const number = Number(name.slice(2));
      const expires = number <= 5 ? { expires_at: `203${number}-01-01T00:00:00Z` } : {};
      const more = {
        tags: [number % 2 ? 'odd' : 'even', 'all'],
        description: `number ${number}.`,
        ...expires,
      };
      expect((await api.create(name, `value ${number}`, more)).status).toBe(201);
    }
  });
  afterAll(() => server.discard());

  it('hold all secrets in the order of their names, without values or paging', async () => {
    const { status, body, text } = await api.list();
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['data']);
    expect(body.data.map(({ name }) => name)).toEqual(numbered(1, SECRETS));
    const fields = 'description,expires_at,id,inserted_at,last_read_at,name,tags,updated_at,version';
    for (const secret of body.data) expect(Object.keys(secret).sort().join()).toBe(fields);
    expect(text).not.toContain('value 1');
  });

  it('order names by their characters', async () => {
    const names = ['M0', 'M1', 'M10', 'M2', 'MA', 'MAB', 'MB', 'M_', 'M_A'];
    for (const name of [...names].reverse()) await api.create(name, 'x', { tags: ['ordered'] });
    expect(await namesOf('?tag=ordered')).toEqual(names);
    expect(await namesOf('?tag=ordered&sort=-name')).toEqual([...names].reverse());
    for (const name of names) await api.delete(name);
  });

  it('are cut into pages when asked', async () => {
    expect((await api.list('?page=2&page_size=50')).body).toMatchObject({
      page: 2,
      page_size: 50,
      total: SECRETS,
    });
    expect(await namesOf('?page=2&page_size=50')).toEqual(numbered(51, 100));
    expect(await namesOf('?page=3&page_size=50')).toEqual(numbered(101, SECRETS));
    expect((await api.list('?page=6')).body).toMatchObject({ page: 6, page_size: 20, total: SECRETS });
    expect(await namesOf('?page=6')).toEqual(numbered(101, SECRETS));
    expect((await api.list('?page_size=1')).body).toMatchObject({ page: 1, page_size: 1, total: SECRETS });
    expect(await namesOf('?page_size=100')).toEqual(numbered(1, 100));
    expect((await api.list('?page=99')).body).toEqual({ data: [], page: 99, page_size: 20, total: SECRETS });
  });

  it.each([
    ...['page=0', 'page=-1', 'page=1.5', 'page=one', 'page=', 'page=1e1', 'page=%31%00', 'page=1&page=2'],
    ...['page_size=0', 'page_size=101', 'page_size=-1', 'page_size=99999999999', 'page_size=0x10'],
    ...['sort=value', 'sort=', 'sort=--name', 'sort=NAME', 'sort=name,id', 'sort=__proto__'],
    ...['unknown=1', 'Page=1', '__proto__=1', 'constructor=1', 'tag=a&tag=b', 'name=A&name=B', 'q=a&q=b'],
  ])('refuse ?%s', async (query) => {
    expectRefusal(await api.list(`?${query}`), 422, 'VALIDATION_FAILED');
  });

  it('find a part of a name or of a description, and take it literally', async () => {
    expect(await namesOf('?q=_10')).toEqual(numbered(100, SECRETS));
    expect(await namesOf('?q=number%201.')).toEqual(numbered(1, 1));
    expect(await namesOf('?q=number%20%25')).toEqual([]);
    expect(await namesOf('?q=N%2500')).toEqual([]);
    expect(await namesOf('?q=N.00')).toEqual([]);
    expect(await namesOf(`?q=${encodeURIComponent("' OR 1=1 --")}`)).toEqual([]);
    expect(await namesOf('?q=N__0')).toEqual([]);
    expect(await namesOf('?q=value')).toEqual([]);
    expect((await api.list('?q=N_01&page_size=3')).body).toMatchObject({ total: 10, data: { length: 3 } });
  });

  it('select by exact name and by tag, together with all else', async () => {
    expect(await namesOf('?name=N_007')).toEqual(['N_007']);
    expect(await namesOf('?name=N_00')).toEqual([]);
    expect(await namesOf('?tag=odd')).toHaveLength(53);
    expect(await namesOf('?tag=od')).toEqual([]);
    expect(await namesOf('?tag=even&q=_00')).toEqual(['N_002', 'N_004', 'N_006', 'N_008']);
    expect(await namesOf('?tag=even&name=N_007')).toEqual([]);
    expect((await api.list('?tag=even&page=1&page_size=2')).body).toMatchObject({ total: 52 });
  });

  it.each(['name', 'inserted_at', 'updated_at'] as const)('sort by %s in both directions', async (field) => {
    const up = (await api.list(`?sort=${field}`)).body.data;
    const down = (await api.list(`?sort=-${field}`)).body.data;
    const keys = up.map((secret) => secret[field]);
    expect(keys).toEqual([...keys].sort());
    expect(down.map((secret) => secret[field])).toEqual([...keys].reverse());
    expect(up).toHaveLength(SECRETS);
  });

  it('show a changed secret first by -updated_at, and last by updated_at', async () => {
    await api.update('N_050', { description: 'number 50.', value: 'new' });
    expect((await namesOf('?sort=-updated_at'))[0]).toBe('N_050');
    expect((await namesOf('?sort=updated_at')).at(-1)).toBe('N_050');
    expect((await namesOf('?sort=-inserted_at'))[0]).toBe('N_001');
  });

  it.each(['expires_at', '-expires_at'])('lose and repeat nothing across pages of ?sort=%s', async (sort) => {
    const seen: string[] = [];
    for (let page = 1; page <= 11; page += 1)
      seen.push(...(await namesOf(`?sort=${sort}&page=${page}&page_size=10`)));
    expect([...seen].sort()).toEqual(numbered(1, SECRETS));
    const dated = seen.filter((name) => name <= 'N_005');
    expect(dated).toEqual(sort === 'expires_at' ? numbered(1, 5) : numbered(1, 5).reverse());
  });

  it('show each write of their own at once', async () => {
    for (let round = 0; round < 1_000; round += 1) {
      const name = `OWN_${round}`;
      const { body, headers } = await api.create(name, 'x');
      const token = { 'x-consistency-token': headers.get('x-consistency-token') ?? '' };
      const seen = await api.list(`?name=${name}`, round % 2 ? token : {});
      expect(seen.body.data).toEqual([body.data]);
      if (round % 10) continue;
      const changed = await api.update(name, { description: `round ${round}` });
      expect((await api.list(`?name=${name}`)).body.data).toEqual([changed.body.data]);
      await api.delete(name);
      expect((await api.list(`?name=${name}`)).body.data).toEqual([]);
    }
    expect(await namesOf('?q=OWN_')).toHaveLength(900);
  });

  it('do not wait for a position that the log has not reached', async () => {
    const started = performance.now();
    const answer = await api.list('', { 'x-consistency-token': '999999999999' });
    const ms = performance.now() - started;
    expectRefusal(answer, 503, 'CONSISTENCY_TIMEOUT');
    expect(ms).toBeLessThan(1_500);
    for (const bad of ['x', '-1', '1.5', '9'.repeat(40), ''])
      expectRefusal(await api.list('', { 'x-consistency-token': bad }), 400, 'MALFORMED_REQUEST');
  });
});

describe('the quota of an organization', () => {
  let server: Server;
  let api: Api;

  beforeEach(async () => {
    server = await Server.start({ env: { SECRETS_PER_ORGANIZATION_MAX: '3' } });
    api = Api.of(server);
  });
  afterEach(() => server.discard());

  it('refuses one secret more, and makes room when one is deleted', async () => {
    for (const name of ['A', 'B', 'C']) expect((await api.create(name, 'x')).status).toBe(201);
    expectRefusal(await api.create('D', 'x'), 422, 'QUOTA_EXCEEDED');
    expect((await api.update('A', { value: 'y', name: 'E' })).status).toBe(200);
    await api.delete('B');
    expect((await api.create('D', 'x')).status).toBe(201);
    expectRefusal(await api.create('F', 'x'), 422, 'QUOTA_EXCEEDED');
    expect((await api.list()).body.data.map(({ name }) => name)).toEqual(['C', 'D', 'E']);
  });

  it('holds when many are created at once', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => api.create(`N${n}`, 'x')));
    expect((await api.list()).body.data).toHaveLength(3);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(3);
  });
});
