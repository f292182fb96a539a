import type { DynamicModule, INestMicroservice, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { CustomStrategy, NestMicroservice } from '@nestjs/microservices';
import { createNestLogger, type Logger } from '#libs/observability';

/**
 * A service whose modules have all begun, and which does not listen yet. When one of them cannot begin, those that
 * have are ended, so that all may be made anew; fails with what it failed with.
 */
export async function initialise(
  module: Type | DynamicModule,
  { strategy, logger }: CustomStrategy & { logger: Logger },
): Promise<INestMicroservice> {
  const options = { strategy, abortOnError: false, logger: createNestLogger(logger) };
  const app = await NestFactory.createMicroservice<CustomStrategy>(module, options);
  try {
    // What `listen` would do first. Not `init`: that calls every hook twice, and what has failed there cannot be closed.
    await (app as NestMicroservice).registerModules();
    return app;
  } catch (error) {
    await app.close();
    throw error;
  }
}
