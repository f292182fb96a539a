import 'reflect-metadata';
import { openStores, prepareDataDirectory, writePrivateFile } from '#libs/host';
import { readTogether, systemClock as clock } from '#libs/kernel';
import { createLogger, createMetrics, installCrashHandlers } from '#libs/observability';
import { announceFirstStart, announceReady, keepHealthFile, runProcess } from '#libs/process';
import { createInProcessTransport } from '#libs/transport';
import { ApiKeys } from '../../access/src/api-keys/api-keys';
import { readAccessConfig } from '../../access/src/config';
import { FirstOrganization } from '../../access/src/organizations/first-organization';
import { readGatewayConfig } from '../../api-gateway/src/config';
import { createGateway } from '../../api-gateway/src/http/create-gateway';
import { listen } from '../../api-gateway/src/http/listen';
import { readSecretsCommandConfig } from '../../secrets-command/src/config';
import { readSecretsQueryConfig } from '../../secrets-query/src/config';
import { StandaloneModule } from './app.module';
import { readStandaloneConfig } from './config';

runProcess(async (atEnd) => {
  const {
    standalone,
    gateway: config,
    ...configs
  } = readTogether({
    standalone: () => readStandaloneConfig(),
    gateway: () => readGatewayConfig(),
    access: () => readAccessConfig(),
    secretsCommand: () => readSecretsCommandConfig(),
    secretsQuery: () => readSecretsQueryConfig(),
  });
  const { logLevel, healthFile, stores: storesConfig } = standalone;
  const logger = createLogger({ level: logLevel, service: 'standalone' });
  installCrashHandlers(logger);
  prepareDataDirectory(storesConfig.dataDir);

  const metrics = createMetrics();
  const stores = await openStores(storesConfig, { clock, logger });
  atEnd(() => stores.close());
  const { client, strategy } = createInProcessTransport({ logger });
  const { rateLimits } = config;
  const parts = { clock, logger, metrics, stores, client, rateLimits, configs };
  const root = await StandaloneModule.register(parts);
  const app = await createGateway(root, { config, logger, metrics });
  atEnd(() => app.close());
  app.connectMicroservice({ strategy });
  await app.startAllMicroservices();

  const { firstApiKeyFile: keyFile, rootKey } = storesConfig;
  // The port first: a start that cannot serve leaves the first key to the next one.
  const url = await listen(app, config);
  const key = await app.get(FirstOrganization).make((made) => writePrivateFile(keyFile, made));
  await app.get(ApiKeys).whenCurrent();
  if (key) announceFirstStart({ key, keyFile, rootKeyFile: rootKey.file, url });
  keepHealthFile(healthFile);
  announceReady(url);
});
