import { Api, type Metadata } from './api';
import { expectRefusal } from './expect-refusal';
import { anyTime, matching } from './matching';
import { Server } from './server';
import { until } from './until';

jest.setTimeout(60_000);

const NO_SECRET = 'sec_00000000000000000000000000';

describe('secrets', () => {
  let server: Server;
  let api: Api;
  let names = 0;
  const newName = () => `SECRET_${(names += 1)}`;
  const etagOf = ({ headers }: { headers: Headers }) => headers.get('etag') ?? '';
  const make = async (more: object = {}) => {
    const answer = await api.create(newName(), 'first value', more);
    expect(answer.status).toBe(201);
    return { ...answer.body.data, etag: etagOf(answer) };
  };
  const gone = async (ref: string) => {
    for (const call of [
      api.get(ref),
      api.reveal(ref),
      api.versions(ref),
      api.update(ref, { value: 'x' }),
      api.delete(ref),
    ])
      expectRefusal(await call, 404, 'NOT_FOUND');
  };

  beforeAll(async () => {
    server = await Server.start();
    api = Api.of(server);
  });
  afterAll(() => server.discard());

  it('serve a whole session: create, list, reveal, change, delete', async () => {
    const created = await api.create('STRIPE_WEBHOOK_SECRET', 'whsec_abc123...');
    expect(created.status).toBe(201);
    const { id } = created.body.data;

    const listed = await api.list();
    expect(listed.status).toBe(200);
    expect(listed.body).toEqual({ data: [created.body.data] });
    expect(listed.text).not.toContain('whsec_');

    const revealed = await api.reveal(id);
    expect(revealed.status).toBe(200);
    expect(revealed.body).toEqual({
      id,
      name: 'STRIPE_WEBHOOK_SECRET',
      value: 'whsec_abc123...',
      version: 1,
      decrypted_at: anyTime(),
    });

    const changed = await api.update(id, { value: 'whsec_def456...' });
    expect(changed.status).toBe(200);
    expect(changed.body.data).toMatchObject({ id, version: 2 });
    expect((await api.reveal(id)).body).toMatchObject({ value: 'whsec_def456...', version: 2 });

    const deleted = await api.delete(id);
    expect({ status: deleted.status, text: deleted.text }).toEqual({ status: 204, text: '' });
    expectRefusal(await api.delete(id), 404, 'NOT_FOUND');
    expect((await api.list()).body).toEqual({ data: [] });
  });

  it('answer a creation with the metadata, where it is, its revision and its place in the log', async () => {
    const fields = {
      description: 'what it is for',
      tags: ['b', 'a:1'],
      expires_at: '2030-01-31T12:00:00+02:00',
    };
    const name = newName();
    const { status, headers, body } = await api.create(name, 'v', fields);
    expect(status).toBe(201);
    expect(body).toEqual({
      data: {
        id: matching(/^sec_[0-9a-z]+$/),
        name,
        description: 'what it is for',
        version: 1,
        tags: ['b', 'a:1'],
        inserted_at: anyTime(),
        updated_at: body.data.inserted_at,
        expires_at: '2030-01-31T10:00:00.000Z',
        last_read_at: null,
      },
    });
    expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(headers.get('location')).toBe(`/api/v1/secrets/${body.data.id}`);
    expect(headers.get('etag')).toMatch(/^"[^"]+"$/);
    expect(headers.get('x-consistency-token')).toMatch(/^\S+$/);

    const found = await api.call('GET', headers.get('location') ?? '');
    expect(found.body).toEqual(body);
    expect(found.headers.get('etag')).toBe(headers.get('etag'));
  });

  it('have no description, tags or expiry unless given', async () => {
    expect(await make()).toMatchObject({ description: null, tags: [], expires_at: null });
    expect(await make({ description: null, tags: null, expires_at: null })).toMatchObject({
      description: null,
      tags: [],
      expires_at: null,
    });
  });

  it('are reached by name as well as by id', async () => {
    const { id, name, inserted_at } = await make();
    expect((await api.get(name)).body).toEqual((await api.get(id)).body);
    expect((await api.update(name, { value: 'second' })).body.data).toMatchObject({ id, version: 2 });
    expect((await api.reveal(name)).body).toMatchObject({ id, name, value: 'second' });
    expect((await api.versions(name)).body.data.at(-1)).toMatchObject({ version: 1, inserted_at });
    expect((await api.delete(name)).status).toBe(204);
    await gone(name);
  });

  it('cannot be told apart from each other where they do not exist', async () => {
    const { id } = await make();
    await api.delete(id);
    const refs = [id, NO_SECRET, 'NO_SUCH_NAME', 'sec_1', 'sec_', 'key_00000000000000000000000000', 'lower'];
    const answers = await Promise.all(refs.map((ref) => api.get(ref)));
    const bodies = answers.map((answer) => ({ ...expectRefusal(answer, 404, 'NOT_FOUND'), request_id: '' }));
    expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1);
  });

  it('keep every version, newest first, and reveal each', async () => {
    const { id, name } = await make();
    await api.update(id, { description: 'no version of its own' });
    await api.update(id, { value: 'second', tags: ['with', 'others'] });
    await api.update(id, { description: null });
    const third = (await api.update(id, { value: 'third' })).body.data;
    const version = { inserted_at: anyTime(), actor: matching(/^key_/) };

    const { status, body } = await api.versions(id);
    expect(status).toBe(200);
    expect(body).toEqual({
      data: [
        { ...version, version: 3, state: 'current' },
        { ...version, version: 2, state: 'superseded' },
        { ...version, version: 1, state: 'superseded' },
      ],
    });
    expect(body.data[0]?.inserted_at).toBe(third.updated_at);
    for (const [at, value] of ['first value', 'second', 'third'].entries())
      expect((await api.reveal(id, at + 1)).body).toMatchObject({ id, name, value, version: at + 1 });
    expectRefusal(await api.reveal(id, 4), 404, 'NOT_FOUND');
    for (const bad of ['0', '-1', '1.5', 'one', '', '1e0', '99999999999999999999', '1&version=2'])
      expectRefusal(await api.call('GET', `secrets/${id}/value?version=${bad}`), 422, 'VALIDATION_FAILED');
  });

  it('change in what is sent and in nothing else', async () => {
    const before = await make({ description: 'd', tags: ['t'], expires_at: '2030-01-01T00:00:00Z' });
    const { etag, ...data } = before;
    const rest = { ...data, updated_at: anyTime() };
    const step = async (fields: object, expected: object) => {
      const answer = await api.update(before.id, fields);
      expect({ status: answer.status, data: answer.body.data }).toEqual({
        status: 200,
        data: { ...rest, ...expected },
      });
      expect((await api.get(before.id)).body).toEqual(answer.body);
      return answer;
    };
    const described = await step({ description: 'e' }, { description: 'e' });
    expect(etagOf(described)).not.toBe(etag);
    expect(described.body.data.updated_at >= before.updated_at).toBe(true);
    await step({ tags: ['u', 'v'] }, { description: 'e', tags: ['u', 'v'] });
    await step({ value: 'second' }, { description: 'e', tags: ['u', 'v'], version: 2 });
    const cleared = { description: null, tags: [], expires_at: null, version: 2 };
    const last = await step({ description: null, tags: null, expires_at: null }, cleared);
    const same = await step({}, cleared);
    expect(etagOf(same)).toBe(etagOf(last));
    expect((await api.versions(before.id)).body.data).toHaveLength(2);
  });

  it.each([
    ['a null value', { value: null }],
    ['a null name', { name: null }],
    ['a bad name', { name: 'a', value: 'x' }],
    ['a bad tag', { tags: ['Upper'] }],
    ['21 tags', { tags: Array.from({ length: 21 }, (_, n) => `t${n}`) }],
    ['a tag of 64 characters', { tags: ['t'.repeat(64)] }],
    ['a day that is in no calendar', { expires_at: '2030-02-30T00:00:00Z' }],
    ['a time at 24 o’clock', { expires_at: '2030-01-31T24:00:00Z' }],
    ['a time without seconds', { expires_at: '2030-01-31T12:00Z' }],
    ['a time in a zone that is none', { expires_at: '2030-01-31T12:00:00+24:00' }],
    ['a time without a zone', { expires_at: '2030-01-01T00:00:00' }],
    ['a time beyond four-digit years', { expires_at: '9999-12-31T23:59:59-12:00' }],
    ['no wrapping', null],
  ])('are not changed by %s', async (_, fields) => {
    const { id, etag } = await make();
    const body = fields ? { secret: fields } : { value: 'x' };
    expectRefusal(await api.call('PUT', `secrets/${id}`, { body }), 422, 'VALIDATION_FAILED');
    expect(etagOf(await api.get(id))).toBe(etag);
  });

  it('take 20 tags of 63 characters and a description of 1,000', async () => {
    const tags = Array.from({ length: 20 }, (_, n) => `${n}`.padEnd(63, 'a_.:-'));
    const description = '😀'.repeat(1_000);
    expect(await make({ tags, description })).toMatchObject({ tags, description });
    expectRefusal(
      await api.create(newName(), 'x', { description: `${description}x` }),
      422,
      'VALIDATION_FAILED',
    );
  });

  it('keep their id when renamed, and free the old name at once', async () => {
    const { id, name } = await make();
    const renamed = newName();
    expect((await api.update(id, { name: renamed })).body.data).toMatchObject({
      id,
      name: renamed,
      version: 1,
    });
    expectRefusal(await api.get(name), 404, 'NOT_FOUND');
    expect((await api.reveal(renamed, 1)).body).toMatchObject({ id, name: renamed, value: 'first value' });
    const reused = await api.create(name, 'another');
    expect(reused.status).toBe(201);
    expect(reused.body.data.id).not.toBe(id);
    expect((await api.update(id, { name: renamed })).status).toBe(200);
  });

  it('share no name', async () => {
    const taken = await make();
    const { id, etag } = await make();
    expectRefusal(await api.create(taken.name, 'x'), 409, 'SECRET_NAME_TAKEN');
    expectRefusal(await api.update(id, { name: taken.name, value: 'x' }), 409, 'SECRET_NAME_TAKEN');
    expect(etagOf(await api.get(id))).toBe(etag);
    expect((await api.reveal(taken.id)).body).toMatchObject({ value: 'first value', version: 1 });
  });

  it('are changed and deleted under If-Match only while it holds', async () => {
    const { id, etag } = await make();
    await api.reveal(id);
    const changed = await api.update(id, { value: 'second' }, { 'if-match': etag });
    expect(changed.status).toBe(200);
    expectRefusal(await api.update(id, { value: 'third' }, { 'if-match': etag }), 412, 'PRECONDITION_FAILED');
    expectRefusal(await api.delete(id, { 'if-match': etag }), 412, 'PRECONDITION_FAILED');
    for (const never of [
      '"nonsense"',
      'nonsense',
      '""',
      '',
      `W/${etagOf(changed)}`,
      etagOf(changed).slice(1),
    ])
      expectRefusal(await api.delete(id, { 'if-match': never }), 412, 'PRECONDITION_FAILED');
    const now = etagOf(changed);
    // It may hold for one of them; to say that it does not would be wrong.
    for (const list of [`${etag}, ${now}`, `${now},${now}`, `"a,b" , ${now}`, `W/"1", ${now}`]) {
      const { details } = expectRefusal(await api.delete(id, { 'if-match': list }), 422, 'VALIDATION_FAILED');
      expect(details).toEqual([{ field: 'If-Match', message: 'must be one ETag, or *' }]);
    }
    expectRefusal(await api.delete(id, { 'if-match': '"a,b"' }), 412, 'PRECONDITION_FAILED');
    expect((await api.reveal(id)).body).toMatchObject({ value: 'second', version: 2 });
    expectRefusal(await api.update(NO_SECRET, { value: 'x' }, { 'if-match': etag }), 404, 'NOT_FOUND');
    expect((await api.delete(id, { 'if-match': etagOf(changed) })).status).toBe(204);
  });

  it.each(['', '?destroy=false', '?destroy=true'])(
    'are gone at once by DELETE%s, and so is the name',
    async (query) => {
      const { id, name } = await make();
      await api.update(id, { value: 'second' });
      expectRefusal(await api.delete(`${id}?destroy=yes`), 422, 'VALIDATION_FAILED');
      expect((await api.delete(`${id}${query}`)).status).toBe(204);
      await gone(id);
      await gone(name);
      expect((await api.list(`?name=${name}`)).body.data).toEqual([]);
      const again = await api.create(name, 'again');
      expect(again.body.data).toMatchObject({ name, version: 1 });
      expect(again.body.data.id).not.toBe(id);
    },
  );

  it('tell when they were last read', async () => {
    const { id, name } = await make();
    const { decrypted_at } = (await api.reveal(id)).body;
    const read = (data: Metadata | undefined) => data?.last_read_at === decrypted_at;
    await until(async () => (await api.get(id)).body.data, read);
    await until(async () => (await api.list(`?name=${name}`)).body.data[0], read);
    expect((await api.update(id, { description: 'x' })).body.data.last_read_at).toBe(decrypted_at);
    expect((await api.list(`?name=${name}`)).body.data[0]?.last_read_at).toBe(decrypted_at);
  });

  it('forbid caching of values, and of values only', async () => {
    const { id } = await make();
    const control = ({ headers }: { headers: Headers }) => headers.get('cache-control') ?? '';
    expect(control(await api.reveal(id))).toBe('no-store');
    expect(control(await api.reveal(id, 1))).toBe('no-store');
    for (const answer of [await api.get(id), await api.list(), await api.versions(id)])
      expect(control(answer)).not.toContain('no-store');
  });

  it('echo a sane request id, and make one otherwise', async () => {
    const id = ({ headers }: { headers: Headers }) => headers.get('x-request-id') ?? '';
    expect(id(await api.list('', { 'x-request-id': 'deploy-42.retry:1' }))).toBe('deploy-42.retry:1');
    expect(id(await api.reveal(NO_SECRET))).toMatch(/^[\w-]{16,64}$/);
    for (const bad of ['x'.repeat(300), 'two words', '<script>', 'ü'])
      expect(id(await api.list('', { 'x-request-id': bad }))).not.toBe(bad);
    const ids = new Set([id(await api.list()), id(await api.list())]);
    expect(ids.size).toBe(2);
  });

  // Rows of one length: a missing argument would be taken for a callback.
  it.each([
    ['GET', 'secrets', undefined],
    ['POST', 'secrets', { secret: { name: 'UNKNOWN_QUERY', value: 'x' } }],
    ['GET', 'secrets/QUERIED/value', undefined],
    ['GET', 'secrets/QUERIED/versions', undefined],
    ['GET', 'secrets/QUERIED', undefined],
    ['PUT', 'secrets/QUERIED', { secret: { value: 'x' } }],
    ['DELETE', 'secrets/QUERIED', undefined],
  ])('refuse unknown query parameters: %s %s', async (method, path, body) => {
    await api.create('QUERIED', 'x');
    expectRefusal(await api.call(method, `${path}?unknown=1`, { body }), 422, 'VALIDATION_FAILED');
  });
});
