import type { Type } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { openStores, prepareDataDirectory } from '#libs/host';
import { systemClock as clock } from '#libs/kernel';
import { createLogger, createMetrics } from '#libs/observability';
import { createInProcessTransport } from '#libs/transport';
import type { FastifyInstance } from 'fastify';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { declaredRoutes, type DeclaredRoute } from '../../scripts/openapi/declared-routes';
import { ApiKeys } from '../../services/access/src/api-keys/api-keys';
import { readAccessConfig } from '../../services/access/src/config';
import { FirstOrganization } from '../../services/access/src/organizations/first-organization';
import { readGatewayConfig } from '../../services/api-gateway/src/config';
import { createGateway } from '../../services/api-gateway/src/create-gateway';
import { readSecretsCommandConfig } from '../../services/secrets-command/src/config';
import { readSecretsQueryConfig } from '../../services/secrets-query/src/config';
import { StandaloneModule } from '../../services/standalone/src/app.module';
import { readStandaloneConfig } from '../../services/standalone/src/config';

export interface StartedApplication {
  readonly app: NestFastifyApplication;
  /** All routes of Fastify, such as `GET /livez`, whether Nest or something else has registered them. */
  readonly registered: readonly string[];
  /** The routes that the controllers of the application declare. */
  readonly declared: readonly DeclaredRoute[];
  /** An API key with every scope. */
  readonly key: string;
  stop(): Promise<void>;
}

interface Planted {
  readonly controllers?: Type[];
  /** Adds routes to Fastify without Nest. */
  readonly aside?: (fastify: FastifyInstance) => void;
}

/** Starts the whole application like standalone, but on a new data directory and without a port. */
export async function startApplication({
  controllers = [],
  aside,
}: Planted = {}): Promise<StartedApplication> {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'hklst-house-'));
  const env = { DATA_DIR: dataDir };
  const logger = createLogger({ level: 'silent', service: 'house' });
  const metrics = createMetrics();
  prepareDataDirectory(dataDir);
  const stores = await openStores(readStandaloneConfig(env).stores, { clock, logger });
  const { client, strategy } = createInProcessTransport({ logger });
  const config = readGatewayConfig(env);
  const configs = {
    gateway: config,
    access: readAccessConfig(env),
    secretsCommand: readSecretsCommandConfig(env),
    secretsQuery: readSecretsQueryConfig(env),
  };
  const forgetFirstKey = async () => undefined;
  const publicUrl = () => 'http://127.0.0.1:8080';
  const parts = { clock, logger, metrics, stores, client, configs, forgetFirstKey, publicUrl };
  const root = await StandaloneModule.register(parts);
  const app = await createGateway({ ...root, controllers }, { config, logger, metrics });

  const registered: string[] = [];
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) registered.push(`${one} ${url}`);
  });
  aside?.(fastify);
  app.connectMicroservice({ strategy });
  await app.startAllMicroservices();
  await app.init();
  const key = await app.get(FirstOrganization).make(async () => undefined);
  await app.get(ApiKeys).whenCurrent();
  return {
    app,
    registered,
    declared: declaredRoutes(controllersOf(app)),
    key: key?.expose() ?? '',
    async stop() {
      await app.close();
      await stores.close();
      rmSync(dataDir, { recursive: true });
    },
  };
}

function controllersOf(app: NestFastifyApplication): Type[] {
  return [...app.get(ModulesContainer).values()].flatMap((module) =>
    [...module.controllers.values()].map(({ metatype }) => metatype as Type),
  );
}
