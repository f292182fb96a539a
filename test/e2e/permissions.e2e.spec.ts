import { randomBytes } from 'node:crypto';
import {
  actions,
  may,
  roles,
  scopes,
  type Action,
  type Rights,
  type Role,
  type Scope,
} from '#libs/contracts';
import { newId } from '#libs/kernel';
import { Api, type Answer } from './api';
import { documentedRoutes, type DocumentedRoute } from './documented-routes';
import { expectRefusal } from './expect-refusal';
import { newPerson, World } from './organization-world';
import type { Person } from './person';
import { Server } from './server';

jest.setTimeout(240_000);

/** The clients of these tests fail more often than honest ones do. */
const env = { OPEN_SIGN_UP: 'true', AUTH_FAILURES_PER_ADDRESS: '1000000', AUTH_FAILURES_PER_KEY: '1000000' };
const AT_ONCE = 8;

/** Who asks: a person with a role, or a key with scopes. Both belong to one organization. */
interface Caller {
  readonly name: string;
  readonly rights: Rights;
  send(method: string, path: string, body: unknown, orgId: string): Promise<Answer>;
}

/** What a request of an action is made of. */
interface Recipe {
  /** The status when it is allowed. */
  readonly status: number;
  /** What stands for `:id`, made anew for each request that changes it. */
  readonly id?: (world: World, allowed: boolean) => Promise<string> | string;
  readonly idPrefix?: Parameters<typeof newId>[0];
  readonly body?: (world: World, caller: Caller) => unknown;
  /** What it touches, as far as the table knows such rules. */
  readonly touched?: Parameters<typeof may>[2];
}

const onlyIf =
  (make: (world: World) => Promise<string>, otherwise: (world: World) => string) =>
  (world: World, allowed: boolean) => (allowed ? make(world) : otherwise(world));

/** By action: a new route without a line here fails the test. */
const recipes: Partial<Record<Action, Recipe>> = {
  'list-secrets': { status: 200 },
  'get-secret': { status: 200, idPrefix: 'sec', id: (world) => things(world).secret },
  'list-secret-versions': { status: 200, idPrefix: 'sec', id: (world) => things(world).secret },
  'reveal-secret': { status: 200, idPrefix: 'sec', id: (world) => things(world).secret },
  'create-secret': {
    status: 201,
    body: (world) => ({ secret: { name: world.next('MADE'), value: 'x' } }),
  },
  'update-secret': {
    status: 200,
    idPrefix: 'sec',
    id: (world) => things(world).secret,
    body: () => ({ secret: { description: 'changed' } }),
  },
  'delete-secret': {
    status: 204,
    idPrefix: 'sec',
    id: onlyIf(
      (world) => world.secret(),
      (world) => things(world).secret,
    ),
  },
  'list-organizations': { status: 200 },
  'create-organization': { status: 201, body: () => ({ name: 'One more' }) },
  // A token of nobody: who may accept invitations is told that this is none.
  'accept-invitation': { status: 404, body: () => ({ token: 'nobody' }) },
  'get-organization': { status: 200 },
  'change-organization': { status: 200, body: () => ({ name: 'Renamed' }) },
  'list-members': { status: 200 },
  'invite-member': {
    status: 201,
    body: (world) => ({ email: `${world.next('guest').toLowerCase()}@example.com`, role: 'viewer' }),
    touched: { roles: ['viewer'] },
  },
  'list-invitations': { status: 200 },
  'revoke-invitation': {
    status: 204,
    idPrefix: 'inv',
    id: onlyIf(
      (world) => world.invitation(),
      (world) => things(world).invitation,
    ),
    touched: { roles: ['member'] },
  },
  'change-member-role': {
    status: 200,
    idPrefix: 'mem',
    id: (world) => things(world).member,
    body: () => ({ role: 'viewer' }),
    touched: { roles: ['viewer'] },
  },
  'remove-member': {
    status: 204,
    idPrefix: 'mem',
    id: onlyIf(
      async (world) => (await world.memberOf(await world.join('viewer'))).id,
      (world) => things(world).member,
    ),
    touched: { roles: ['viewer'] },
  },
  'list-api-keys': { status: 200 },
  'issue-api-key': {
    status: 201,
    // A key hands on what it has.
    body: (_, { rights }) => ({ name: 'Another', scopes: [rights.scopes[0] ?? 'secrets:list'] }),
  },
  'revoke-api-key': {
    status: 204,
    idPrefix: 'key',
    id: onlyIf(
      async (world) => (await world.key(['secrets:list'])).id,
      (world) => things(world).key,
    ),
  },
};

interface Things {
  readonly secret: string;
  readonly member: string;
  readonly invitation: string;
  readonly key: string;
}

/** What an organization has that no request here uses up. */
const thingsOf = new Map<World, Things>();
function things(world: World): Things {
  const found = thingsOf.get(world);
  if (!found) throw new Error('This world is empty');
  return found;
}

async function furnished(server: Server, name: string): Promise<World> {
  const world = await World.create(server, name);
  const [secret, guest, invitation, key] = [
    await world.secret(),
    await world.join('viewer'),
    await world.invitation(),
    await world.key(['secrets:list']),
  ];
  thingsOf.set(world, { secret, invitation, member: (await world.memberOf(guest)).id, key: key.id });
  return world;
}

const asPerson = (role: Role, person: Person): Caller => ({
  name: role,
  rights: { role, scopes: [] },
  send: (method, path, body, orgId) =>
    person.call(method, path, {
      ...(body !== undefined && { body }),
      headers: { 'x-organization-id': orgId },
    }),
});

const asKey = (server: Server, held: readonly Scope[], key: string): Caller => ({
  name: held.length === scopes.length ? 'every scope' : held.join(' '),
  rights: { role: null, scopes: held },
  send: (method, path, body, orgId) =>
    new Api(server, key).call(method, path, {
      ...(body !== undefined && { body }),
      headers: { 'x-organization-id': orgId },
    }),
});

async function inParallel<T>(work: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...work];
  const lane = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await run(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

describe('permissions', () => {
  let server: Server;
  let own: World;
  let foreign: World;
  let callers: Caller[];
  const routes = documentedRoutes();
  const guarded = routes.filter(({ action }) => action !== 'public');
  const neededBy = ({ action }: DocumentedRoute) => actions[action as Action] as 'user' | { role: unknown };
  /** Of an organization, and so with a recipe; what concerns a person alone has its own test. */
  const ofOrganizations = guarded.filter(
    (route) => neededBy(route) !== 'user' || recipes[route.action as Action] !== undefined,
  );
  const ofPeople = guarded.filter((route) => !ofOrganizations.includes(route));
  const recipeOf = ({ action }: DocumentedRoute): Recipe => {
    const recipe = recipes[action as Action];
    if (!recipe) throw new Error(`No recipe for ${action}: say what a request of it is made of`);
    return recipe;
  };
  const urlOf = (route: DocumentedRoute, orgId: string, id: string) =>
    route.path.replace(':organizationId', orgId).replace(/:[a-z]+/i, id);

  beforeAll(async () => {
    server = await Server.start({ env });
    own = await furnished(server, 'Own');
    foreign = await furnished(server, 'Foreign');
    const people = [];
    for (const role of roles)
      people.push(asPerson(role, role === 'owner' ? own.owner : await own.join(role)));
    const sets = [...scopes.map((scope) => [scope]), scopes];
    const keys = [];
    for (const held of sets) keys.push(asKey(server, held, (await own.key(held)).key));
    callers = [...people, ...keys];
  });
  afterAll(() => server.discard());

  it('are what the table says: every route, role and scope, on the own and on a foreign organization', async () => {
    const cells = ofOrganizations.flatMap((route) =>
      callers.flatMap((caller) => [own, foreign].map((world) => ({ route, caller, world }))),
    );
    const wrong: string[] = [];
    const counts = { rows: 0, allowed: 0, refused: 0 };
    await inParallel(cells, async ({ route, caller, world }) => {
      const recipe = recipeOf(route);
      const action = route.action as Action;
      const isForPeople = neededBy(route) === 'user';
      const allowed = may(caller.rights, action, recipe.touched);
      // What concerns a person alone is the same wherever they look.
      const isElsewhere = world === foreign && !isForPeople;
      const expected = isElsewhere ? 404 : allowed ? recipe.status : 403;
      const id = (await recipe.id?.(world, allowed && !isElsewhere)) ?? '';
      const path = urlOf(route, world.orgId, id);
      const answer = await caller.send(route.method, path, recipe.body?.(world, caller), world.orgId);
      counts.rows += 1;
      counts[expected < 400 ? 'allowed' : 'refused'] += 1;
      if (answer.status !== expected)
        wrong.push(`${caller.name}: ${route.method} ${path} gave ${answer.status}, not ${expected}`);
      else if (answer.status >= 400)
        expectRefusal(answer, expected, expected === 403 ? 'FORBIDDEN' : 'NOT_FOUND');
    });
    process.stderr.write(
      `permissions: ${counts.rows} rows (${ofOrganizations.length} routes, ${callers.length} callers), ` +
        `${counts.allowed} allowed, ${counts.refused} refused\n`,
    );
    expect(wrong).toEqual([]);
    expect(counts.rows).toBe(ofOrganizations.length * callers.length * 2);
    expect(counts.allowed).toBeGreaterThan(90);
  });

  it('let no key do what concerns a person alone, and every person', async () => {
    const person = await newPerson(server);
    const keys = callers.filter(({ rights }) => rights.role === null);
    expect(keys).toHaveLength(scopes.length + 1);
    const wrong: string[] = [];
    await inParallel(ofPeople, async (route) => {
      // No route knows this parameter: whoever may come in is told so, and changes nothing.
      const path = `${route.path.replace(/:\w+/, 'none')}?unknown=1`;
      const body = route.method === 'GET' ? undefined : {};
      const refused = await Promise.all(keys.map((key) => key.send(route.method, path, body, own.orgId)));
      const let_in = await person.call(route.method, path, body && { body });
      const toKeys = [...new Set(refused.map(({ status }) => status))].join(' ');
      if (toKeys !== '403' || let_in.status !== 422)
        wrong.push(`${route.method} ${route.path} gave keys ${toKeys}, a person ${let_in.status}`);
    });
    process.stderr.write(`permissions: ${ofPeople.length} routes of people alone\n`);
    expect(wrong).toEqual([]);
  });

  it('of a key with secrets:list alone are to see metadata', () => {
    const rights = { role: null, scopes: ['secrets:list'] as const };
    const open = guarded.filter(({ action }) => may(rights, action as Action));
    expect(open.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /api/v1/secrets/:id/versions',
      'GET /api/v1/secrets/:id',
      'GET /api/v1/secrets',
    ]);
  });

  it('reach nothing of another organization by its ids, which look like any that nobody has', async () => {
    const withId = ofOrganizations.filter(({ path }) => /:id/.test(path));
    expect(withId.length).toBeGreaterThan(8);
    const foreignThings = things(foreign);
    const real = { sec: foreignThings.secret, mem: foreignThings.member, inv: foreignThings.invitation };
    const deleted = await deletedThings(foreign);
    const idsOf = (prefix: Parameters<typeof newId>[0]) => ({
      real: { ...real, key: foreignThings.key }[prefix as keyof typeof real],
      deleted: deleted[prefix as keyof typeof deleted],
      random: newId(prefix, new Date()),
      nonsense: randomBytes(8).toString('hex'),
    });
    const before = await foreign.everything();
    const ownBefore = await own.everything();
    const powerful = callers.filter(({ name }) => ['owner', 'every scope'].includes(name));
    let rows = 0;
    for (const caller of powerful) {
      for (const route of withId) {
        const recipe = recipeOf(route);
        const texts = new Set<string>();
        for (const id of Object.values(idsOf(recipe.idPrefix ?? 'sec'))) {
          const path = urlOf(route, own.orgId, id);
          const answer = await caller.send(route.method, path, recipe.body?.(own, caller), own.orgId);
          const { request_id: _, ...said } = expectRefusal(answer, 404, 'NOT_FOUND');
          texts.add(JSON.stringify({ ...said, headers: shape(answer) }));
          rows += 1;
        }
        expect([...texts]).toHaveLength(1);
      }
    }
    process.stderr.write(`permissions: ${rows} rows with ids of others\n`);
    expect(await foreign.everything()).toBe(before);
    expect(await own.everything()).toBe(ownBefore);
  });

  it('tell nothing of an organization to who is not in it: it looks like one that nobody has', async () => {
    const ofOne = ofOrganizations.filter((route) => neededBy(route) !== 'user');
    expect(ofOne.length).toBeGreaterThan(15);
    const powerful = callers.filter(({ name }) => ['owner', 'every scope'].includes(name));
    const before = await foreign.everything();
    let rows = 0;
    for (const caller of powerful) {
      for (const route of ofOne) {
        const recipe = recipeOf(route);
        const texts = new Set<string>();
        for (const orgId of [foreign.orgId, newId('org', new Date()), randomBytes(8).toString('hex')]) {
          const id = (await recipe.id?.(foreign, false)) ?? '';
          const path = urlOf(route, orgId, id);
          const answer = await caller.send(route.method, path, recipe.body?.(foreign, caller), orgId);
          const { request_id: _, ...said } = expectRefusal(answer, 404, 'NOT_FOUND');
          texts.add(JSON.stringify({ ...said, headers: shape(answer) }));
          rows += 1;
        }
        expect([...texts]).toHaveLength(1);
      }
    }
    process.stderr.write(`permissions: ${rows} rows with organizations of others\n`);
    expect(await foreign.everything()).toBe(before);
  });

  it('keep organizations apart: names, lists and idempotency keys', async () => {
    const [a, b] = [await own.key(), await foreign.key()].map(({ key }) => new Api(server, key)) as [
      Api,
      Api,
    ];
    const headers = { 'idempotency-key': 'the-same' };
    const answers = [];
    for (const [api, value] of [
      [a, 'of a'],
      [b, 'of b'],
    ] as const) {
      const answer = await api.create('SAME_NAME', value, {}, headers);
      expect(answer.status).toBe(201);
      answers.push(answer.body.data.id);
    }
    expect(answers[0]).not.toBe(answers[1]);
    expect((await a.reveal('SAME_NAME')).body.value).toBe('of a');
    expect((await b.reveal('SAME_NAME')).body.value).toBe('of b');
    const named = async (api: Api) => (await api.list('?name=SAME_NAME')).body.data.map(({ id }) => id);
    expect([await named(a), await named(b)]).toEqual([[answers[0]], [answers[1]]]);
    expect((await a.delete('SAME_NAME')).status).toBe(204);
    expect((await b.reveal('SAME_NAME')).body.value).toBe('of b');
    expectRefusal(await a.get(answers[1] ?? ''), 404, 'NOT_FOUND');
  });
});

/** Ids of things that an organization had. */
async function deletedThings(world: World) {
  const [sec, inv, key] = [await world.secret(), await world.invitation(), (await world.key()).id];
  const mem = (await world.memberOf(await world.join('viewer'))).id;
  for (const path of [`secrets/${sec}`, `/invitations/${inv}`, `/api-keys/${key}`, `/members/${mem}`])
    expect((await world.call('DELETE', path)).status).toBe(204);
  return { sec, inv, key, mem };
}

/** The headers of an answer, but for what differs between any two. */
function shape({ headers }: Answer): Record<string, string> {
  const { date: _, 'x-request-id': __, ...rest } = Object.fromEntries(headers);
  return rest;
}
