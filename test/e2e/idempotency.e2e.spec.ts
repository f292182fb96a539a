import { setTimeout as delay } from 'node:timers/promises';
import { newId } from '#libs/kernel';
import { Api, type Answer } from './api';
import { expectRefusal } from './expect-refusal';
import { commandsWithKey, sendCommand, type Content } from './idempotent-commands';
import { World } from './organization-world';
import { Server } from './server';

jest.setTimeout(60_000);

/** What a repeated request must get again, byte for byte. */
const first = ({ status, text, headers }: Answer<unknown>) => ({
  status,
  text,
  etag: headers.get('etag'),
  location: headers.get('location'),
  token: headers.get('x-consistency-token'),
});

describe('Idempotency-Key', () => {
  let server: Server;
  let api: Api;
  let keys = 0;
  const newKey = () => ({ 'idempotency-key': `key/${(keys += 1)}` });
  const make = async (name: string) => (await api.create(name, 'first value')).body.data.id;
  const restart = async () => {
    const { dataDir } = server;
    await server.kill();
    server = await Server.start({ dataDir });
    api = Api.of(server);
  };

  beforeAll(async () => {
    server = await Server.start();
    api = Api.of(server);
  });
  afterAll(() => server.discard());

  it('creates once', async () => {
    const key = newKey();
    const answer = await api.create('CREATED', 'v', { tags: ['t'] }, key);
    expect(answer.status).toBe(201);
    await api.update('CREATED', { value: 'second', name: 'RENAMED' });
    await api.reveal('RENAMED');
    expect(first(await api.create('CREATED', 'v', { tags: ['t'] }, key))).toEqual(first(answer));
    expectRefusal(await api.get('CREATED'), 404, 'NOT_FOUND');
  });

  it('changes once', async () => {
    const id = await make('CHANGED');
    const key = newKey();
    const answer = await api.update(id, { value: 'second' }, key);
    await api.reveal(id);
    await api.update(id, { value: 'third' });
    expect(first(await api.update(id, { value: 'second' }, key))).toEqual(first(answer));
    expect((await api.reveal(id)).body).toMatchObject({ value: 'third', version: 3 });
  });

  it('deletes once', async () => {
    const id = await make('DELETED');
    const key = newKey();
    const answer = await api.delete(id, key);
    expect(answer.status).toBe(204);
    expect(first(await api.delete(id, key))).toEqual(first(answer));
    expectRefusal(await api.delete(id, newKey()), 404, 'NOT_FOUND');
    await make('DELETED');
    expect((await api.delete('DELETED', newKey())).status).toBe(204);
  });

  it('gives a refusal again, too', async () => {
    await make('HELD');
    const key = newKey();
    const refused = await api.create('HELD', 'x', {}, key);
    const { request_id } = expectRefusal(refused, 409, 'SECRET_NAME_TAKEN');
    await api.delete('HELD');
    const again = await api.create('HELD', 'x', {}, key);
    // All of it, but for the request that it answers: that is another one, and the log knows it by this id.
    const second = expectRefusal(again, 409, 'SECRET_NAME_TAKEN');
    expect(second.request_id).not.toBe(request_id);
    expect(again.text).toBe(refused.text.replace(request_id, second.request_id));
    expect((await api.create('HELD', 'x', {}, newKey())).status).toBe(201);
  });

  it('belongs to one body, one method and one secret', async () => {
    const id = await make('ONE');
    const other = await make('OTHER');
    const key = newKey();
    await api.update(id, { value: 'second' }, key);
    for (const answer of [
      await api.update(id, { value: 'third' }, key),
      await api.update(id, { value: 'second', description: 'd' }, key),
      await api.update(id, { description: 'second' }, key),
      await api.update(other, { value: 'second' }, key),
      await api.delete(id, key),
      await api.create('NEW', 'second', {}, key),
    ])
      expectRefusal(answer, 422, 'IDEMPOTENCY_KEY_REUSED');
    expect((await api.reveal(id)).body).toMatchObject({ value: 'second', version: 2 });
    expect((await api.reveal(other)).body).toMatchObject({ version: 1 });
    expectRefusal(await api.get('NEW'), 404, 'NOT_FOUND');
  });

  it('tells values apart that are alike in other fields', async () => {
    const key = newKey();
    await api.create('ALIKE', 'a', { description: 'b' }, key);
    expectRefusal(await api.create('ALIKE', 'b', { description: 'a' }, key), 422, 'IDEMPOTENCY_KEY_REUSED');
    expectRefusal(await api.create('ALIKE', 'a', {}, key), 422, 'IDEMPOTENCY_KEY_REUSED');
  });

  it('is 1 to 255 visible ASCII characters', async () => {
    const id = await make('BOUNDS');
    const send = (key: string) => api.update(id, { value: 'x' }, { 'idempotency-key': key });
    expect((await send('~')).status).toBe(200);
    expect((await send('!'.repeat(255))).status).toBe(200);
    for (const bad of ['', 'x'.repeat(256), 'two words', 'ü', 'tab\tbed'])
      expectRefusal(await send(bad), 422, 'VALIDATION_FAILED');
  });

  it('makes one secret of 50 creations at once, and one answer', async () => {
    const key = newKey();
    const burst = await Promise.all(Array.from({ length: 50 }, () => api.create('BURST', 'v', {}, key)));
    expect(burst[0]?.status).toBe(201);
    expect(new Set(burst.map((answer) => JSON.stringify(first(answer)))).size).toBe(1);
    expect((await api.list('?q=BURST')).body.data).toHaveLength(1);
  });

  it('makes one version of 50 changes at once, and one answer', async () => {
    const id = await make('CHANGES');
    const key = newKey();
    const burst = await Promise.all(Array.from({ length: 50 }, () => api.update(id, { value: 'v' }, key)));
    expect(burst[0]?.status).toBe(200);
    expect(new Set(burst.map((answer) => JSON.stringify(first(answer)))).size).toBe(1);
    expect((await api.versions(id)).body.data).toHaveLength(2);
  });

  it('lets one of 50 different bodies win', async () => {
    const id = await make('BODIES');
    const key = newKey();
    const burst = await Promise.all(
      Array.from({ length: 50 }, (_, n) => api.update(id, { value: `v${n}` }, key)),
    );
    const won = burst.findIndex(({ status }) => status === 200);
    expect(burst.filter(({ status }) => status === 422)).toHaveLength(49);
    expect((await api.reveal(id)).body).toMatchObject({ value: `v${won}`, version: 2 });
  });

  it('gives the same answers after a kill -9', async () => {
    const id = await make('KILLED');
    const [create, change, remove] = [newKey(), newKey(), newKey()];
    const requests = [
      () => api.create('KILLED_TOO', 'v', {}, create),
      () => api.update(id, { value: 'second' }, change),
      () => api.delete('KILLED_TOO', remove),
    ];
    const before = [];
    for (const request of requests) before.push(first(await request()));
    expect(before.map(({ status }) => status)).toEqual([201, 200, 204]);

    await restart();

    for (const [at, request] of requests.entries()) expect(first(await request())).toEqual(before[at]);
    expectRefusal(await api.update(id, { value: 'other' }, change), 422, 'IDEMPOTENCY_KEY_REUSED');
    expect((await api.versions(id)).body.data).toHaveLength(2);
    expectRefusal(await api.get('KILLED_TOO'), 404, 'NOT_FOUND');
  });

  it.each([0, 2, 5, 10, 20])('makes one version when the kill comes %s ms into a burst', async (ms) => {
    const name = `MIDWAY_${ms}`;
    const id = await make(name);
    const [change, create] = [newKey(), newKey()];
    const send = () => [
      api.update(id, { value: 'second' }, change),
      api.create(`${name}_NEW`, 'v', {}, create),
    ];
    const burst = Array.from({ length: 25 }, send).flat();
    const outcomes = Promise.allSettled(burst);
    await delay(ms);
    await restart();
    const answered = (await outcomes).flatMap((outcome) =>
      outcome.status === 'fulfilled' ? [outcome.value] : [],
    );
    const changed = await api.update(id, { value: 'second' }, change);
    const created = await api.create(`${name}_NEW`, 'v', {}, create);
    expect([changed.status, created.status]).toEqual([200, 201]);
    const same = [JSON.stringify(first(changed)), JSON.stringify(first(created))];
    for (const answer of answered) expect(same).toContain(JSON.stringify(first(answer)));
    expect((await api.versions(id)).body.data.map(({ version }) => version)).toEqual([2, 1]);
    expect((await api.list(`?q=${name}_NEW`)).body.data).toHaveLength(1);
  });
});

interface Sample {
  /** Of the first answer. */
  readonly status: number;
  /** What is sent first, of things made for it. */
  readonly base: (world: World) => Promise<Content> | Content;
  /** Another value of each field that the command has. */
  readonly others: Content;
}

const later = '2090-01-01T00:00:00Z';
const otherFields = { description: 'another', tags: ['another'], expires_at: later };

/** By operation: a new command, or a new field of one, without a line here fails the test. */
const samples: Record<string, Sample> = {
  createSecret: {
    status: 201,
    base: (world) => ({ name: world.next('MADE'), value: 'v' }),
    others: { name: 'ANOTHER', value: 'another', ...otherFields },
  },
  updateSecret: {
    status: 200,
    base: async (world) => ({ id: await world.secret(), value: 'v' }),
    others: {
      id: newId('sec', new Date()),
      name: 'ANOTHER',
      value: 'another',
      'If-Match': '"1"',
      ...otherFields,
    },
  },
  deleteSecret: {
    status: 204,
    base: async (world) => ({ id: await world.secret() }),
    others: { id: newId('sec', new Date()), 'If-Match': '"1"', destroy: 'true' },
  },
  createOrganization: { status: 201, base: () => ({ name: 'One more' }), others: { name: 'Another' } },
  changeOrganization: {
    status: 200,
    base: () => ({ name: 'Renamed' }),
    others: { name: 'Another', recovery_days: 1 },
  },
  inviteMember: {
    status: 201,
    base: (world) => ({ email: `${world.next('guest').toLowerCase()}@example.com` }),
    others: { email: 'another@example.com', role: 'viewer' },
  },
  changeMemberRole: {
    status: 200,
    base: async (world) => ({ id: (await world.memberOf(await world.join('viewer'))).id, role: 'member' }),
    others: { id: newId('mem', new Date()), role: 'admin' },
  },
  removeMember: {
    status: 204,
    base: async (world) => ({ id: (await world.memberOf(await world.join('viewer'))).id }),
    others: { id: newId('mem', new Date()) },
  },
  revokeInvitation: {
    status: 204,
    base: async (world) => ({ id: await world.invitation() }),
    others: { id: newId('inv', new Date()) },
  },
  // A token of nobody: the refusal is an answer like any other.
  acceptInvitation: { status: 404, base: () => ({ token: 'nobody' }), others: { token: 'another' } },
  issueApiKey: {
    status: 201,
    base: () => ({ name: 'A key', scopes: ['secrets:list'] }),
    others: {
      name: 'Another',
      scopes: ['secrets:read'],
      expires_at: later,
      allowed_ips: ['192.0.2.0/24'],
    },
  },
  revokeApiKey: {
    status: 204,
    base: async (world) => ({ id: (await world.key(['secrets:list'])).id }),
    others: { id: newId('key', new Date()) },
  },
};

describe('the content that an Idempotency-Key belongs to', () => {
  let server: Server;
  let world: World;
  let keys = 0;

  beforeAll(async () => {
    server = await Server.start({ env: { OPEN_SIGN_UP: 'true' } });
    world = await World.create(server, 'Payments');
  });
  afterAll(() => server.discard());

  it('is known of every command that takes one', () => {
    const documented = commandsWithKey().map(({ operationId }) => operationId);
    expect(Object.keys(samples).sort()).toEqual(documented.sort());
  });

  it.each(commandsWithKey())('is every field of $operationId', async (command) => {
    const { status, base, others } = samples[command.operationId] as Sample;
    expect(Object.keys(others).sort()).toEqual(Object.keys(command.places).sort());
    const told: Record<string, unknown> = {};
    const expected: Record<string, unknown> = {};
    for (const [field, other] of Object.entries(others)) {
      keys += 1;
      const key = `content/${keys}`;
      const content = await base(world);
      const first = await sendCommand(world, command, { key, content });
      const again = await sendCommand(world, command, { key, content: { ...content, [field]: other } });
      told[field] = [first.status, again.status, again.body['code']];
      expected[field] = [status, 422, 'IDEMPOTENCY_KEY_REUSED'];
    }
    expect(told).toEqual(expected);
  });
});
