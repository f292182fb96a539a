import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Controller, Get, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { actions } from '#libs/contracts';
import { openStores } from '#libs/host';
import { Redacted, systemClock as clock } from '#libs/kernel';
import { createLogger, createMetrics } from '#libs/observability';
import { createInProcessTransport } from '#libs/transport';
import { declaredRoutes } from '../../scripts/declared-routes';
import { readAccessConfig } from '../../services/access/src/config';
import { ApiKeys } from '../../services/access/src/api-keys/api-keys';
import { FirstOrganization } from '../../services/access/src/organizations/first-organization';
import { GatewayModule } from '../../services/api-gateway/src/app.module';
import { readGatewayConfig } from '../../services/api-gateway/src/config';
import { createGateway } from '../../services/api-gateway/src/http/create-gateway';
import { readSecretsCommandConfig } from '../../services/secrets-command/src/config';
import { readSecretsQueryConfig } from '../../services/secrets-query/src/config';
import { StandaloneModule } from '../../services/standalone/src/app.module';
import { readStandaloneConfig } from '../../services/standalone/src/config';
import { read } from './tracked-files';

/** Whoever writes a route and forgets to say who may call it. */
@Controller('forgotten')
class ForgottenController {
  @Get()
  read() {
    return { done: true };
  }

  @Post(':id')
  write() {
    return { done: true };
  }
}

/** Rows of docs/roles.md: what is declared, as people read it. */
const printed = [...read('docs/roles.md').matchAll(/^\| `([A-Z]+) (\/\S*)` +\| `([a-z-]+)` +\|$/gm)];
/** Actions of the contract whose routes are still to come; the list only gets shorter. */
const withoutRoute = [
  ...['export-secrets', 'import-secrets', 'rollback-secret', 'restore-secret', 'destroy-secret-version'],
  ...['list-secret-readers', 'list-audit-records', 'stream-audit-records', 'verify-audit-trail'],
];

describe('routes', () => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'hklst-routes-'));
  const close: (() => Promise<void>)[] = [];
  let app: NestFastifyApplication;
  let key: string;
  const registered: { method: string; path: string }[] = [];

  beforeAll(async () => {
    const env = { DATA_DIR: dataDir };
    const logger = createLogger({ level: 'error', service: 'routes' });
    const metrics = createMetrics();
    const stores = await openStores(readStandaloneConfig(env).stores, clock);
    close.push(() => stores.close());
    const { client, strategy } = createInProcessTransport({ logger });
    const configs = {
      access: readAccessConfig(env),
      secretsCommand: readSecretsCommandConfig(env),
      secretsQuery: readSecretsQueryConfig(env),
    };
    const root = await StandaloneModule.register({ clock, logger, metrics, stores, client, configs });
    const module = { ...root, controllers: [ForgottenController] };
    app = await createGateway(module, { config: readGatewayConfig(env), logger, metrics });
    close.unshift(() => app.close());
    app
      .getHttpAdapter()
      .getInstance()
      .addHook('onRoute', ({ method, url }) => {
        for (const verb of [method].flat()) registered.push({ method: verb, path: url });
      });
    app.connectMicroservice({ strategy });
    await app.startAllMicroservices();
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    const made = await app.get(FirstOrganization).make(async () => undefined);
    await app.get(ApiKeys).whenCurrent();
    key = (made ?? new Redacted('')).expose();
  }, 30_000);

  afterAll(async () => {
    for (const end of close) await end();
    rmSync(dataDir, { recursive: true });
  });

  const forgotten = (route: { path: string }) => route.path.startsWith('/forgotten');
  const nameOf = ({ method, path: url }: { method: string; path: string }) => `${method} ${url}`;

  it('are registered as their controllers declare them, and no other is', () => {
    const declared = declaredRoutes([...GatewayModule.controllers, ForgottenController]);
    expect(registered.map(nameOf).sort()).toEqual(declared.map(nameOf).sort());
    expect(registered.filter(forgotten)).toHaveLength(2);
  });

  it('say who may call them, all but the forgotten ones', () => {
    const declared = declaredRoutes([...GatewayModule.controllers, ForgottenController]);
    const silent = declared.filter(({ requirement }) => requirement === undefined);
    expect(silent.map(nameOf).sort()).toEqual(['GET /forgotten', 'POST /forgotten/:id']);
    for (const { requirement } of declared)
      expect(['public', undefined, ...Object.keys(actions)]).toContain(requirement);
  });

  it.each([
    ['GET', '/forgotten'],
    ['POST', '/forgotten/1'],
    ['GET', '/FORGOTTEN'],
    ['GET', '//forgotten'],
    ['GET', '/forgotte%6e'],
    ['GET', '/forgotten?x=1'],
    ['GET', '/forgotten;x'],
  ] as const)('that were forgotten are refused: %s %s', async (method, url) => {
    const server = app.getHttpAdapter().getInstance();
    const stranger = await server.inject({ method, url });
    const known = await server.inject({ method, url, headers: { authorization: `Bearer ${key}` } });
    const statuses = [stranger.statusCode, known.statusCode];
    // Either the route is found, and refused, or it is not found at all.
    expect([
      [401, 403],
      [404, 404],
    ]).toContainEqual(statuses);
    expect(stranger.body + known.body).not.toContain('done');
    if (url === '/forgotten') expect(statuses).toEqual([401, 403]);
  });

  it('of every action exist, but for those that are still to come', () => {
    const named = new Set(declaredRoutes(GatewayModule.controllers).map(({ requirement }) => requirement));
    const missing = Object.keys(actions).filter((action) => !named.has(action as keyof typeof actions));
    expect(missing.sort()).toEqual([...withoutRoute].sort());
  });

  it('are printed in docs/roles.md with what they ask', () => {
    const rows = printed.map(([, method = '', url = '', action = '']) => `${method} ${url} ${action}`);
    const declared = declaredRoutes(GatewayModule.controllers);
    expect(rows.sort()).toEqual(declared.map((route) => `${nameOf(route)} ${route.requirement}`).sort());
  });
});
