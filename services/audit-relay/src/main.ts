import { openKeylessStores, prepareDataDirectory } from '#libs/host';
import { readTogether } from '#libs/kernel';
import { createLogger, installCrashHandlers } from '#libs/observability';
import { announceReady, keepHealthFile, runProcess } from '#libs/process';
import { AuditRelay } from './audit/audit-relay';
import { readAuditRelayConfig, readAuditRelayHostConfig } from './config';
import { KafkaPublisher } from './kafka/kafka-publisher';

runProcess(async (atEnd) => {
  const { kafka, host } = readTogether({
    kafka: () => readAuditRelayConfig(),
    host: () => readAuditRelayHostConfig(),
  });
  const logger = createLogger({ level: host.logLevel, service: 'audit-relay' });
  installCrashHandlers(logger);
  if (host.stores.isKeylessEmbedded) prepareDataDirectory(host.stores.dataDir);
  const stores = await openKeylessStores(host.stores, { logger, isApart: true });
  atEnd(() => stores.close());
  const reads = await stores.readStoreOf('audit-relay');
  const publisher = new KafkaPublisher(kafka, logger);
  atEnd(() => publisher.close());
  const relay = new AuditRelay({ logger, events: stores.events, reads, publisher });
  relay.start();
  atEnd(() => relay.stop());
  keepHealthFile(host.healthFile);
  announceReady(kafka.topic.name);
});
