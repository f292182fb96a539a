import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { openKeylessStores, prepareDataDirectory } from '#libs/host';
import { AppError, readTogether } from '#libs/kernel';
import { createLogger, createNestLogger, installCrashHandlers } from '#libs/observability';
import { announceReady, keepHealthFile, runProcess } from '#libs/process';
import { AuditRelayModule } from './app.module';
import { readAuditRelayConfig, readAuditRelayHostConfig } from './config';
import { createKafkaPublisher } from './kafka/kafka-publisher';

const NO_BROKERS =
  'Cannot start: KAFKA_BROKERS is not set. Set it to host:port of the brokers, or leave the relay out.';

runProcess(async (atEnd) => {
  const { relay, host } = readTogether({
    relay: () => readAuditRelayConfig(),
    host: () => readAuditRelayHostConfig(),
  });
  const { kafka } = relay;
  if (!kafka) throw new AppError('CONFIG_INVALID', { safeMessage: NO_BROKERS });
  const logger = createLogger({ level: host.logLevel, service: 'audit-relay' });
  installCrashHandlers(logger);
  if (host.stores.isKeylessEmbedded) prepareDataDirectory(host.stores.dataDir);
  const stores = await openKeylessStores(host.stores, { logger, isApart: true });
  atEnd(() => stores.close());
  const reads = await stores.readStoreOf('audit-relay');
  const publisher = createKafkaPublisher(kafka, logger);
  atEnd(() => publisher.close());
  const app = await NestFactory.createApplicationContext(
    AuditRelayModule.register({ logger, events: stores.events, reads, publisher }),
    { abortOnError: false, logger: createNestLogger(logger) },
  );
  atEnd(() => app.close());
  keepHealthFile(host.healthFile);
  announceReady(kafka.topic.name);
});
