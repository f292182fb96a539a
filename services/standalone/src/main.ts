import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { systemClock } from '#libs/kernel';
import { createLogger, createMetrics, createNestLogger, installCrashHandlers } from '#libs/observability';
import { createInProcessTransport } from '#libs/transport';
import { FirstOrganization } from '../../access/src/organizations/first-organization';
import { readGatewayConfig } from '../../api-gateway/src/config';
import { createHttpAdapter } from '../../api-gateway/src/http/create-http-adapter';
import { listen } from '../../api-gateway/src/http/listen';
import { addRequestHooks } from '../../api-gateway/src/http/request-hooks';
import { StandaloneModule } from './app.module';
import { announceFirstStart, announceReady, announceRefusal } from './banner';
import { readStandaloneConfig } from './config';
import { prepareDataDirectory, writePrivateFile } from './data-directory';
import { openStores } from './open-stores';

/** A request under way gets this long after SIGTERM; then the process ends all the same. */
const SHUTDOWN_MS_MAX = 20_000;

async function start(): Promise<void> {
  const config = readStandaloneConfig();
  const gateway = readGatewayConfig();
  const logger = createLogger({ level: config.logLevel, service: 'standalone' });
  installCrashHandlers(logger);
  prepareDataDirectory(config.dataDir);

  const clock = systemClock;
  const metrics = createMetrics();
  const stores = await openStores(config, clock);
  const { client, strategy } = createInProcessTransport({ logger });
  const root = StandaloneModule.register({ clock, logger, metrics, stores, client });
  const adapter = createHttpAdapter(gateway);
  addRequestHooks(adapter.getInstance(), { logger, metrics, tls: gateway.tls !== null });
  const app = await NestFactory.create<NestFastifyApplication>(root, adapter, {
    bodyParser: false,
    abortOnError: false,
    logger: createNestLogger(logger),
  });
  app.connectMicroservice({ strategy });
  await app.startAllMicroservices();
  endOn(['SIGTERM', 'SIGINT'], async () => {
    await app.close();
    await stores.close();
  });

  const { firstApiKeyFile } = config;
  const firstKey = await app.get(FirstOrganization).make((key) => writePrivateFile(firstApiKeyFile, key));
  const url = await listen(app, gateway);
  if (firstKey)
    announceFirstStart({ key: firstKey, keyFile: firstApiKeyFile, rootKeyFile: config.rootKey.file, url });
  announceReady(url);
}

/** Ends the process with code 0 once `close` is done: accepted requests are answered, nothing is cut off. */
function endOn(signals: readonly NodeJS.Signals[], close: () => Promise<void>): void {
  let ending = false;
  const end = () => {
    if (ending) return;
    ending = true;
    setTimeout(() => process.exit(1), SHUTDOWN_MS_MAX).unref();
    void close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  for (const signal of signals) process.on(signal, end);
}

start().catch((error: unknown) => {
  announceRefusal(error);
  process.exit(1);
});
