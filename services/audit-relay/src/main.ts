import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { openStores, prepareDataDirectory } from '#libs/host';
import { AppError, systemClock } from '#libs/kernel';
import { createLogger, createNestLogger, installCrashHandlers } from '#libs/observability';
import { announceReady, announceRefusal, endOnSignal } from '#libs/process';
import { AuditRelayModule } from './app.module';
import { readAuditRelayConfig, readAuditRelayHostConfig } from './config';
import { createKafkaPublisher } from './kafka/kafka-publisher';

async function start(): Promise<void> {
  const { kafka } = readAuditRelayConfig();
  const { logLevel, stores: storesConfig } = readAuditRelayHostConfig();
  if (!kafka)
    throw new AppError('CONFIG_INVALID', { safeMessage: 'Cannot start: KAFKA_BROKERS is not set.' });
  const logger = createLogger({ level: logLevel, service: 'audit-relay' });
  installCrashHandlers(logger);
  prepareDataDirectory(storesConfig.dataDir);
  const stores = await openStores(storesConfig, systemClock);
  const publisher = createKafkaPublisher(kafka, logger);
  const parts = { logger, events: stores.events, reads: await stores.readStoreOf('audit-relay'), publisher };
  const app = await NestFactory.createApplicationContext(AuditRelayModule.register(parts), {
    abortOnError: false,
    logger: createNestLogger(logger),
  });
  endOnSignal(async () => {
    await app.close();
    await publisher.close();
    await stores.close();
  });
  announceReady(kafka.topic.name);
}

start().catch((error: unknown) => {
  announceRefusal(error);
  process.exit(1);
});
