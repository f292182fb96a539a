import type { DynamicModule, INestMicroservice, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { CustomStrategy, NestMicroservice } from '@nestjs/microservices';
import { createNestLogger, type Logger } from '#libs/observability';

/**
 * Gives a service whose modules are all initialised, and which does not listen yet. When a module fails, closes those
 * that have begun, so that the caller can try again, and fails with the module's error.
 */
export async function initialise(
  module: Type | DynamicModule,
  { strategy, logger }: CustomStrategy & { logger: Logger },
): Promise<INestMicroservice> {
  const options = { strategy, abortOnError: false, logger: createNestLogger(logger) };
  const app = await NestFactory.createMicroservice<CustomStrategy>(module, options);
  try {
    // The first step of `listen`. `init` would call every hook twice, and could not be closed after a failure.
    await (app as NestMicroservice).registerModules();
    return app;
  } catch (error) {
    await app.close();
    throw error;
  }
}
