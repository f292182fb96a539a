import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { DynamicModule } from '@nestjs/common';
import { createNestLogger } from '#libs/observability';
import type { GatewayParts } from './app.module';
import { PresentedCredential } from './auth/presented-credential';
import { createHttpAdapter } from './http/create-http-adapter';
import type { GatewayRequest } from './http/gateway-request';
import { addRequestHooks, earlyRefusal } from './http/request-hooks';
import { RateLimits } from './limits/rate-limits';

/**
 * Makes a Nest application that serves `root` over HTTP, behind all limits of the gateway. Call `init` first, then
 * `listen`.
 */
export async function createGateway(
  root: DynamicModule,
  { config, logger, metrics }: Pick<GatewayParts, 'config' | 'logger' | 'metrics'>,
) {
  const adapter = createHttpAdapter(config);
  addRequestHooks(adapter.getInstance(), { config, logger, metrics });
  const app = await NestFactory.create<NestFastifyApplication>(root, adapter, {
    bodyParser: false,
    abortOnError: false,
    logger: createNestLogger(logger),
  });
  const limits = app.get(RateLimits);
  const credential = app.get(PresentedCredential);
  // This hook is added after those above, so that its refusals carry the headers of every answer.
  adapter.getInstance().addHook('onRequest', (request, _reply, done) => {
    done(
      limits.atArrival(request) ??
        earlyRefusal(request) ??
        credential.refusalAtArrival(request as GatewayRequest),
    );
  });
  return app;
}
