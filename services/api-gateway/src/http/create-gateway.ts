import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { DynamicModule } from '@nestjs/common';
import { createNestLogger, type Logger, type Metrics } from '#libs/observability';
import type { GatewayConfig } from '../config';
import { createHttpAdapter } from './create-http-adapter';
import { addRequestHooks } from './request-hooks';

interface GatewayOptions {
  readonly config: GatewayConfig;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** A Nest application that serves `root` over HTTP behind all of the gateway's limits; `listen` starts it. */
export async function createGateway(root: DynamicModule, { config, logger, metrics }: GatewayOptions) {
  const adapter = createHttpAdapter(config);
  addRequestHooks(adapter.getInstance(), { logger, metrics, tls: config.tls !== null });
  return NestFactory.create<NestFastifyApplication>(root, adapter, {
    bodyParser: false,
    abortOnError: false,
    logger: createNestLogger(logger),
  });
}
