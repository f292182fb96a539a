import { scopes } from '#libs/contracts';
import { Api } from './api';
import { expectRefusal } from './expect-refusal';
import { anyTime, matching } from './matching';
import type { Member, Organization } from './organization-api';
import { newPerson, World } from './organization-world';
import type { Person } from './person';
import { Server } from './server';
import { until } from './until';

jest.setTimeout(120_000);

/** The clients of these tests fail more often than honest ones do. */
const env = { OPEN_SIGN_UP: 'true', AUTH_FAILURES_PER_ADDRESS: '100000', ORGANIZATIONS_PER_USER_MAX: '5' };

describe('members', () => {
  let server: Server;
  let world: World;
  const organizationsOf = async (person: Person) =>
    (await person.call<{ data: Organization[] }>('GET', 'organizations')).body.data;
  const accept = (person: Person, token: string, headers = {}) =>
    person.call<{ data: Organization }>('POST', 'invitations/accept', { body: { token }, headers });
  const setRole = (by: Person, member: Member, role: string) =>
    world.as<{ data: Member }>(by, 'PUT', `/members/${member.id}`, { role });
  const remove = (by: Person, member: Member) => world.as(by, 'DELETE', `/members/${member.id}`);
  const canList = async (person: Person) => (await world.as(person, 'GET', 'secrets')).status;

  beforeAll(async () => {
    server = await Server.start({ env });
  });
  afterAll(() => server.discard());
  beforeEach(async () => {
    world = await World.create(server, 'Payments');
  });

  it('are shown with their names, and nobody else is', async () => {
    const viewer = await world.join('viewer');
    const shown = (person: Person, role: string) => ({
      id: matching(/^mem_/),
      user_id: matching(/^usr_/),
      email: person.email,
      name: 'Ada',
      role,
      joined_at: anyTime(),
    });
    const expected = { data: [shown(world.owner, 'owner'), shown(viewer, 'viewer')] };
    for (const person of [world.owner, viewer])
      expect((await world.as(person, 'GET', '/members')).body).toEqual(expected);
    expectRefusal(await world.as(await newPerson(server), 'GET', '/members'), 404, 'NOT_FOUND');
  });

  it('find their organizations, the personal one first', async () => {
    const { owner, orgId } = world;
    const [personal, shared, ...others] = await organizationsOf(owner);
    expect(others).toEqual([]);
    expect(personal).toMatchObject({ kind: 'personal', role: 'owner', recovery_days: 7 });
    expect(shared).toMatchObject({ id: orgId, name: 'Payments', kind: 'shared', role: 'owner' });
    for (const organization of [personal, shared])
      expect((await owner.call('GET', `organizations/${organization?.id}`)).body).toEqual({
        data: organization,
      });
  });

  it('work in the organization that the header names, and else in their own', async () => {
    const { owner, orgId } = world;
    const inShared = { 'x-organization-id': orgId };
    const create = (headers: Record<string, string>, value: string) =>
      owner.call('POST', 'secrets', { body: { secret: { name: 'SAME', value } }, headers });
    expect((await create({}, 'personal')).status).toBe(201);
    expect((await create(inShared, 'shared')).status).toBe(201);
    const reveal = async (headers: Record<string, string>) =>
      (await owner.call('GET', 'secrets/SAME/value', { headers })).body['value'];
    expect([await reveal({}), await reveal(inShared)]).toEqual(['personal', 'shared']);
    expect((await owner.call('DELETE', 'secrets/SAME', { headers: inShared })).status).toBe(204);
    expect(await reveal({})).toBe('personal');
    // A path that names one organization and a header that names another name none.
    const [personal] = await organizationsOf(owner);
    const headers = { 'x-organization-id': personal?.id ?? '' };
    expectRefusal(await owner.call('GET', `organizations/${orgId}`, { headers }), 404, 'NOT_FOUND');
  });

  it('join by an invitation, once, under the address that was invited', async () => {
    const person = await newPerson(server);
    const token = await world.invite(person.email.toUpperCase(), 'viewer');
    const stranger = await newPerson(server, 'eve');
    expectRefusal(await accept(stranger, token), 403, 'FORBIDDEN');
    for (const bad of [`${token}A`, token.slice(0, -1), token.replace(/\.../, '.AA'), 'nonsense'])
      expectRefusal(await accept(person, bad), 404, 'NOT_FOUND');
    const joined = await accept(person, token);
    expect(joined.status).toBe(200);
    expect(joined.body.data).toMatchObject({ id: world.orgId, role: 'viewer' });
    expect((await organizationsOf(person)).map(({ id }) => id)).toContain(world.orgId);
    expectRefusal(await accept(person, token), 404, 'NOT_FOUND');
    expectRefusal(await accept(stranger, token), 404, 'NOT_FOUND');
    const invitations = await world.call<{ data: unknown[] }>('GET', '/invitations');
    expect(invitations.body.data).toEqual([]);
    expectRefusal(
      await world.call('POST', '/members/invite', { email: person.email }),
      409,
      'ALREADY_MEMBER',
    );
  });

  it('join by no invitation that was revoked or replaced', async () => {
    const person = await newPerson(server);
    const replaced = await world.invite(person.email, 'member');
    const token = await world.invite(person.email, 'viewer');
    expectRefusal(await accept(person, replaced), 404, 'NOT_FOUND');
    const list = await world.call<{ data: { id: string }[] }>('GET', '/invitations');
    expect(list.body.data).toHaveLength(1);
    expect((await world.call('DELETE', `/invitations/${list.body.data[0]?.id}`)).status).toBe(204);
    expectRefusal(await accept(person, token), 404, 'NOT_FOUND');
    expect(await canList(person)).toBe(404);
  });

  it('join once, however often they say so', async () => {
    const person = await newPerson(server);
    const token = await world.invite(person.email, 'member');
    const headers = { 'idempotency-key': 'join' };
    const burst = await Promise.all(Array.from({ length: 10 }, () => accept(person, token, headers)));
    expect(new Set(burst.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(burst[0]?.status).toBe(200);
    expect(await world.members()).toHaveLength(2);
    const other = await newPerson(server);
    const another = await world.invite(other.email, 'member');
    const race = await Promise.all(Array.from({ length: 10 }, () => accept(other, another)));
    expect(race.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(race.filter(({ status }) => ![200, 404, 409].includes(status))).toEqual([]);
    expect(await world.members()).toHaveLength(3);
  });

  it('are out at once when they are removed, whatever session they have', async () => {
    const person = await world.join('member');
    const elsewhere = person.elsewhere();
    await elsewhere.signIn();
    const id = await world.secret();
    for (const session of [person, elsewhere]) expect(await canList(session)).toBe(200);
    expect((await remove(world.owner, await world.memberOf(person))).status).toBe(204);
    for (const session of [person, elsewhere]) {
      expectRefusal(await world.as(session, 'GET', 'secrets'), 404, 'NOT_FOUND');
      expectRefusal(await world.as(session, 'GET', `secrets/${id}/value`), 404, 'NOT_FOUND');
      expectRefusal(await world.as(session, 'GET', ''), 404, 'NOT_FOUND');
      expect((await organizationsOf(session)).map((found) => found.id)).not.toContain(world.orgId);
    }
    // What is theirs alone stays theirs.
    expect((await person.call('GET', 'secrets')).status).toBe(200);
  });

  it('lose with a role what it allowed, from the next request on', async () => {
    const person = await world.join('admin');
    const id = await world.secret();
    const tries = async () => [
      (await world.as(person, 'GET', '/api-keys')).status,
      (await world.as(person, 'GET', `secrets/${id}/value`)).status,
      (await world.as(person, 'GET', 'secrets')).status,
    ];
    const member = await world.memberOf(person);
    expect(await tries()).toEqual([200, 200, 200]);
    const lowered = await setRole(world.owner, member, 'member');
    expect([lowered.status, lowered.body.data]).toEqual([200, { ...member, role: 'member' }]);
    expect(await tries()).toEqual([403, 200, 200]);
    await setRole(world.owner, member, 'viewer');
    expect(await tries()).toEqual([403, 403, 200]);
    await setRole(world.owner, member, 'admin');
    expect(await tries()).toEqual([200, 200, 200]);
  });

  it('are on record when they are refused: who, for what, and from where', async () => {
    const viewer = await world.join('viewer');
    const { user_id } = await world.memberOf(viewer);
    const body = { secret: { name: 'REFUSED', value: 'x' } };
    const headers = { 'x-organization-id': world.orgId, 'user-agent': 'Browser/1.0' };
    expectRefusal(await viewer.call('POST', 'secrets', { body, headers }), 403, 'FORBIDDEN');
    const refusals = await until(
      async () => {
        const all = await server.stored.events(['AccessRefused']);
        return all.filter(({ metadata }) => metadata['actorId'] === user_id);
      },
      (found) => found.length > 0,
    );
    const from = { address: '127.0.0.1', userAgent: 'Browser/1.0' };
    expect(refusals).toMatchObject([
      {
        data: { action: 'create-secret', cause: 'forbidden', count: 1, ...from },
        metadata: { orgId: world.orgId, actorType: 'user' },
      },
    ]);
  });

  it('are lost in the middle of the load that they make', async () => {
    const person = await world.join('member');
    const member = await world.memberOf(person);
    const answers: { startedAt: number; status: number }[] = [];
    let isOver = false;
    const load = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        const startedAt = performance.now();
        answers.push({ startedAt, status: await canList(person) });
      }
    });
    const untilMore = async (count: number) => {
      const wanted = answers.length + count;
      while (answers.length < wanted) await new Promise((resolve) => setImmediate(resolve));
    };
    await untilMore(100);
    await remove(world.owner, member);
    const removedAt = performance.now();
    await untilMore(100);
    isOver = true;
    await Promise.all(load);
    const after = answers.filter(({ startedAt }) => startedAt > removedAt).map(({ status }) => status);
    expect(after.length).toBeGreaterThan(50);
    expect(new Set(after)).toEqual(new Set([404]));
  });

  it('leave on their own, but for the last owner', async () => {
    const viewer = await world.join('viewer');
    const member = await world.join('member');
    expectRefusal(await remove(viewer, await world.memberOf(member)), 403, 'FORBIDDEN');
    for (const person of [viewer, member])
      expect((await remove(person, await world.memberOf(person))).status).toBe(204);
    expectRefusal(await remove(world.owner, await world.memberOf(world.owner)), 409, 'LAST_OWNER');
    expect(await world.members()).toHaveLength(1);
  });

  it('hand an organization on: make another owner, then step back', async () => {
    const { owner } = world;
    const heir = await world.join('admin');
    const mine = await world.memberOf(owner);
    for (const role of ['admin', 'viewer'])
      expectRefusal(await setRole(owner, mine, role), 409, 'LAST_OWNER');
    expect((await setRole(owner, await world.memberOf(heir), 'owner')).status).toBe(200);
    expect((await setRole(owner, mine, 'viewer')).body.data.role).toBe('viewer');
    expectRefusal(await setRole(owner, mine, 'owner'), 403, 'FORBIDDEN');
    expectRefusal(await remove(heir, await world.memberOf(heir)), 409, 'LAST_OWNER');
    expect((await remove(heir, mine)).status).toBe(204);
  });

  it('leave somebody in charge when two owners remove each other at once', async () => {
    const { owner } = world;
    const second = await world.join('owner');
    const [one, two] = [await world.memberOf(owner), await world.memberOf(second)];
    const statuses = (await Promise.all([remove(owner, two), remove(second, one)])).map(
      ({ status }) => status,
    );
    expect(statuses.sort()).toEqual([204, 404]);
    const left = await Promise.all([owner, second].map((person) => canList(person)));
    expect(left.sort()).toEqual([200, 404]);
  });

  it('as admins manage members and viewers, and no admin or owner', async () => {
    const admin = await world.join('admin');
    const other = await world.join('admin');
    const member = await world.memberOf(await world.join('member'));
    const above = [await world.memberOf(other), await world.memberOf(world.owner)];
    for (const target of above) {
      expectRefusal(await setRole(admin, target, 'member'), 403, 'FORBIDDEN');
      expectRefusal(await remove(admin, target), 403, 'FORBIDDEN');
    }
    for (const role of ['admin', 'owner']) {
      expectRefusal(await setRole(admin, member, role), 403, 'FORBIDDEN');
      const body = { email: 'x@example.com', role };
      expectRefusal(await world.as(admin, 'POST', '/members/invite', body), 403, 'FORBIDDEN');
    }
    expect((await setRole(admin, member, 'viewer')).body.data.role).toBe('viewer');
    const invited = await world.call<{ data: { id: string } }>('POST', '/members/invite', {
      email: 'boss@example.com',
      role: 'admin',
    });
    const path = `/invitations/${invited.body.data.id}`;
    expectRefusal(await world.as(admin, 'DELETE', path), 403, 'FORBIDDEN');
    expect((await world.call('DELETE', path)).status).toBe(204);
    expect((await remove(admin, member)).status).toBe(204);
    expect((await remove(admin, await world.memberOf(admin))).status).toBe(204);
  });

  it('keep a personal organization to themselves', async () => {
    const [personal] = await organizationsOf(world.owner);
    const members = await world.owner.call<{ data: Member[] }>(
      'GET',
      `organizations/${personal?.id}/members`,
    );
    const path = `organizations/${personal?.id}/members/${members.body.data[0]?.id}`;
    expectRefusal(await world.owner.call('DELETE', path), 409, 'LAST_OWNER');
    expectRefusal(await world.owner.call('PUT', path, { body: { role: 'viewer' } }), 409, 'LAST_OWNER');
  });

  it('make keys that outlive them, and no wider than they are', async () => {
    const admin = await world.join('admin');
    const issue = (held: readonly string[]) =>
      world.as<{ key: string }>(admin, 'POST', '/api-keys', { name: 'CI', scopes: held });
    const { id } = await world.memberOf(admin);
    // A key with every scope makes owners, and an admin does not.
    expectRefusal(await issue(scopes), 403, 'FORBIDDEN');
    const { body } = await issue(scopes.filter((scope) => scope !== 'operations'));
    const path = `organizations/${world.orgId}/members/${id}`;
    const withKey = { key: body.key, body: { role: 'owner' } };
    expectRefusal(await Api.of(server).call('PUT', path, withKey), 403, 'FORBIDDEN');
    await remove(world.owner, await world.memberOf(admin));
    expect((await new Api(server, body.key).list()).status).toBe(200);
    expectRefusal(await issue(['secrets:list']), 404, 'NOT_FOUND');
  });

  it('belong to as many organizations as they may, in a burst as well', async () => {
    const person = await newPerson(server);
    const burst = await Promise.all(
      Array.from({ length: 10 }, (_, n) => person.call('POST', 'organizations', { body: { name: `N${n}` } })),
    );
    // The personal one is the fifth.
    expect(burst.filter(({ status }) => status === 201)).toHaveLength(4);
    for (const answer of burst.filter(({ status }) => status !== 201))
      expect(expectRefusal(answer, 422, 'QUOTA_EXCEEDED').error).toMatch(/ 5 organizations/);
    expect(await organizationsOf(person)).toHaveLength(5);
    const token = await world.invite(person.email, 'member');
    expectRefusal(await accept(person, token), 422, 'QUOTA_EXCEEDED');
  });

  it('make one organization per Idempotency-Key', async () => {
    const headers = { 'idempotency-key': 'organization' };
    const create = (name: string) => world.owner.call('POST', 'organizations', { body: { name }, headers });
    const burst = await Promise.all(Array.from({ length: 10 }, () => create('Once')));
    expect(new Set(burst.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(burst[0]?.status).toBe(201);
    expect(burst[0]?.headers.get('location')).toMatch(/^\/api\/v1\/organizations\/org_/);
    expect((await organizationsOf(world.owner)).filter(({ name }) => name === 'Once')).toHaveLength(1);
    expectRefusal(await create('Twice'), 422, 'IDEMPOTENCY_KEY_REUSED');
  });
});
