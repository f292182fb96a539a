import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { DynamicModule } from '@nestjs/common';
import { createNestLogger, type Logger, type Metrics } from '#libs/observability';
import { PresentedCredential } from '../auth/presented-credential';
import type { GatewayConfig } from '../config';
import { RateLimits } from '../limits/rate-limits';
import { createHttpAdapter } from './create-http-adapter';
import type { GatewayRequest } from './gateway-request';
import { addRequestHooks, earlyRefusal } from './request-hooks';

interface GatewayOptions {
  readonly config: GatewayConfig;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** A Nest application that serves `root` over HTTP behind all of the gateway's limits: `init` it, then `listen`. */
export async function createGateway(root: DynamicModule, { config, logger, metrics }: GatewayOptions) {
  const adapter = createHttpAdapter(config);
  addRequestHooks(adapter.getInstance(), { config, logger, metrics });
  const app = await NestFactory.create<NestFastifyApplication>(root, adapter, {
    bodyParser: false,
    abortOnError: false,
    logger: createNestLogger(logger),
  });
  const limits = app.get(RateLimits);
  const credential = app.get(PresentedCredential);
  // After the hooks above, so that these refusals carry the headers of every answer.
  adapter.getInstance().addHook('onRequest', (request, _reply, done) => {
    done(
      limits.atArrival(request) ??
        earlyRefusal(request) ??
        credential.refusalAtArrival(request as GatewayRequest),
    );
  });
  return app;
}
