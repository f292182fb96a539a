import { Controller, Get } from '@nestjs/common';
import { actions } from '#libs/contracts';
import { Public } from '../../services/api-gateway/src/auth/requires';
import { startApplication, type StartedApplication } from './started-application';
import { read } from './tracked-files';

jest.setTimeout(60_000);

@Controller('planted')
class Planted {
  @Get('undeclared')
  undeclared() {
    return 'open to everybody';
  }

  @Get('public')
  @Public()
  public() {
    return 'open on purpose';
  }
}

/** Actions of the contract whose routes are still to come; the list only gets shorter. */
const withoutRoute = [
  ...['export-secrets', 'import-secrets', 'rollback-secret', 'restore-secret', 'destroy-secret-version'],
  ...['list-secret-readers', 'list-audit-records', 'stream-audit-records', 'verify-audit-trail'],
];

/** Registered routes that no declaration stands for: neither what they require nor that they are public. */
function undeclared({ registered, declared }: StartedApplication): string[] {
  const decided = new Set(
    declared
      .filter(({ requirement }) => requirement !== undefined)
      .map(({ method, path }) => `${method} ${path}`),
  );
  return registered.filter((route) => !decided.has(route));
}

describe('routes', () => {
  let running: StartedApplication;
  afterEach(() => running.stop());

  it('declare what they require or that they are public, every one that is registered', async () => {
    running = await startApplication();
    expect(running.registered.length).toBeGreaterThan(10);
    expect(undeclared(running)).toEqual([]);
    expect(running.declared.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(
      [...running.registered].sort(),
    );
  });

  it('answer 401 without a credential unless they are public', async () => {
    running = await startApplication();
    const answers = [];
    for (const { method, path, requirement } of running.declared) {
      const url = path.replaceAll(/:\w+/g, 'NONE');
      const { statusCode } = await running.app.inject({ method: method as 'GET', url });
      answers.push({
        route: `${method} ${path}`,
        refused: statusCode === 401,
        isPublic: requirement === 'public',
      });
    }
    expect(answers.filter(({ refused, isPublic }) => refused === isPublic)).toEqual([]);
  });

  it('are reported and refused when they declare nothing', async () => {
    running = await startApplication({ controllers: [Planted] });
    expect(undeclared(running)).toEqual(['GET /planted/undeclared']);
    const authorization = `Bearer ${running.key}`;
    const call = (url: string, headers = {}) => running.app.inject({ method: 'GET', url, headers });
    // The key opens everything else.
    expect((await call('/api/v1/secrets', { authorization })).statusCode).toBe(200);
    expect((await call('/planted/public')).body).toBe('open on purpose');
    const refused = await call('/planted/undeclared', { authorization });
    expect([refused.statusCode, refused.json<{ code: string }>().code]).toEqual([403, 'FORBIDDEN']);
    expect((await call('/planted/undeclared')).statusCode).toBe(401);
  });

  it.each(['/PLANTED/undeclared', '//planted/undeclared', '/planted/undeclare%64', '/planted/undeclared;x'])(
    'are refused in another spelling: %s',
    async (url) => {
      running = await startApplication({ controllers: [Planted] });
      const headers = { authorization: `Bearer ${running.key}` };
      const { statusCode, body } = await running.app.inject({ method: 'GET', url, headers });
      expect([403, 404]).toContain(statusCode);
      expect(body).not.toContain('open');
    },
  );

  it('of every action exist, but for those that are still to come', async () => {
    running = await startApplication();
    const named = new Set<string | undefined>(running.declared.map(({ requirement }) => requirement));
    expect(
      Object.keys(actions)
        .filter((action) => !named.has(action))
        .sort(),
    ).toEqual([...withoutRoute].sort());
  });

  it('are printed in docs/roles.md with what they ask', async () => {
    running = await startApplication();
    const rows = [...read('docs/roles.md').matchAll(/^\| `([A-Z]+ \/\S*)` +\| `([a-z-]+)` +\|$/gm)];
    const printed = rows.map(([, route = '', action = '']) => `${route} ${action}`);
    const declared = running.declared.map(
      ({ method, path, requirement }) => `${method} ${path} ${requirement}`,
    );
    expect(printed.sort()).toEqual(declared.sort());
  });

  it('are reported when they stand beside the controllers, and with them the guard', async () => {
    running = await startApplication({ aside: (fastify) => fastify.get('/aside', () => 'open') });
    expect(undeclared(running)).toEqual(['GET /aside']);
  });
});
