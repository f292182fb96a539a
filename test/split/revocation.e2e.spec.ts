import { enginesInstalled } from '../../scripts/engines/index.cjs';
import { Api } from '../e2e/api';
import { ApiKeyRoutes } from '../e2e/organization-api';
import { World } from '../e2e/organization-world';
import { Person } from '../e2e/person';
import { until } from '../e2e/until';
import { gatewayOf, Rig } from './rig';
import type { ServiceProcess } from './service-process';

jest.setTimeout(180_000);

const ROUNDS = 5;
/** What the case allows. */
const LATE_MS_MAX = 1_000;
const AT_ONCE = 4;
/** Requests that must have been answered before and after. */
const ANSWERS_MIN = 20;

interface Sent {
  readonly startedAt: number;
  readonly status: number;
}

/** Asks without a pause through one process, while something is taken away through the other. */
async function underLoad(
  ask: () => Promise<{ status: number }>,
  takeAway: () => Promise<{ status: number }>,
) {
  // What was made a moment ago may take its time to be known there, too.
  await until(ask, ({ status }) => status === 200);
  const answers: Sent[] = [];
  let isOver = false;
  const load = Array.from({ length: AT_ONCE }, async () => {
    while (!isOver) {
      const startedAt = performance.now();
      answers.push({ startedAt, status: (await ask()).status });
    }
  });
  const count = (from: number) => answers.filter(({ startedAt }) => startedAt >= from).length;
  try {
    await until(
      async () => count(0),
      (many) => many >= ANSWERS_MIN,
      20_000,
    );
    const { status } = await takeAway();
    const takenAt = performance.now();
    await until(
      async () => count(takenAt + LATE_MS_MAX),
      (many) => many >= ANSWERS_MIN,
      20_000,
    );
    return { status, takenAt, answers };
  } finally {
    isOver = true;
    await Promise.all(load);
  }
}

(enginesInstalled() ? describe : describe.skip)('case A5 across processes (needs the engines)', () => {
  let rig: Rig;
  /** What is taken away is taken away here … */
  let here: { readonly url: string };
  /** … and used there: another gateway, before another access process. */
  let there: { readonly url: string };
  let world: World;

  beforeAll(async () => {
    rig = await Rig.prepare({ counts: { access: 2 }, env: { OPEN_SIGN_UP: 'true' } });
    const [first, second] = rig.services.access.map(({ env }) => env['LISTEN'] ?? '');
    const gateways = [first, second].map((ACCESS_URL = '') =>
      gatewayOf({ ...rig.urls, ACCESS_URL, AUTH_FAILURES_PER_ADDRESS: '0', AUTH_FAILURES_PER_KEY: '0' }),
    );
    const [one, two] = await Promise.all(gateways);
    if (!one || !two) throw new Error('Two gateways are needed');
    await rig.startAll();
    gatewaysToStop.push(one, two);
    [here, there] = [{ url: await one.start() }, { url: await two.start() }];
    world = await World.create(here, 'Payments');
    await world.secret();
  });
  const gatewaysToStop: ServiceProcess[] = [];
  afterAll(async () => {
    await Promise.all(gatewaysToStop.map((gateway) => gateway.kill()));
    await rig.discard();
  });

  /** As somebody through the other gateway: the same cookie, another process. */
  const throughThere = (person: Person): Person =>
    Object.assign(new Person(there, person.email), { cookie: person.cookie });
  const listAs = (person: Person) => () =>
    person.call('GET', 'secrets', { headers: { 'x-organization-id': world.orgId } });

  async function measure(
    what: string,
    refusal: number,
    round: () => Promise<
      [ask: () => Promise<{ status: number }>, takeAway: () => Promise<{ status: number }>]
    >,
  ) {
    const late: number[] = [];
    for (let n = 0; n < ROUNDS; n += 1) {
      const { status, takenAt, answers } = await underLoad(...(await round()));
      expect(status).toBe(204);
      expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200, refusal]));
      const good = answers
        .filter((answer) => answer.status === 200)
        .map(({ startedAt }) => startedAt - takenAt);
      late.push(Math.max(0, ...good));
    }
    const figures = late.map((ms) => Math.round(ms)).join(', ');
    process.stderr.write(`case A5: ${what} held in another process for at most ${figures} ms more\n`);
    expect(Math.max(...late)).toBeLessThanOrEqual(LATE_MS_MAX);
  }

  it('ends an API key that is revoked', async () => {
    const keys = new ApiKeyRoutes(new Api(here, (await world.key()).key), world.orgId);
    await measure('a revoked key', 401, async () => {
      const { id, key } = await world.key();
      const api = new Api(there, key);
      return [() => api.call('GET', 'secrets'), () => keys.revoke(id)];
    });
  });

  it('ends a session that its person ends elsewhere', async () => {
    const member = await world.join('member');
    await measure('an ended session', 401, async () => {
      const elsewhere = member.elsewhere();
      expect((await elsewhere.signIn()).status).toBe(200);
      return [listAs(throughThere(elsewhere)), () => member.call('DELETE', 'auth/sessions')];
    });
  });

  it('ends the rights of a member who is removed', async () => {
    await measure('a removed membership', 404, async () => {
      const member = await world.join('member');
      const { id } = await world.memberOf(member);
      return [listAs(throughThere(member)), () => world.call('DELETE', `/members/${id}`)];
    });
  });
});
