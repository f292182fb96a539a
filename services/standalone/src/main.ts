import 'reflect-metadata';
import { openStores, prepareDataDirectory } from '#libs/host';
import { readTogether, systemClock as clock } from '#libs/kernel';
import { createLogger, createMetrics, installCrashHandlers } from '#libs/observability';
import { announceFirstSteps, announceReady, keepHealthFile, runProcess } from '#libs/process';
import { createInProcessTransport } from '#libs/transport';
import { ApiKeys } from '../../access/src/api-keys/api-keys';
import { readAccessConfig } from '../../access/src/config';
import { firstSteps } from '../../access/src/first-steps';
import { forgetFirstKey } from '../../access/src/organizations/first-key-file';
import { readGatewayConfig } from '../../api-gateway/src/config';
import { createGateway } from '../../api-gateway/src/create-gateway';
import { listen, urlOf } from '../../api-gateway/src/http/listen';
import { readSecretsCommandConfig } from '../../secrets-command/src/config';
import { readSecretsQueryConfig } from '../../secrets-query/src/config';
import { StandaloneModule } from './app.module';
import { readStandaloneConfig } from './config';

runProcess(async (atEnd) => {
  const { standalone, ...configs } = readTogether({
    standalone: () => readStandaloneConfig(),
    gateway: () => readGatewayConfig(),
    access: () => readAccessConfig(),
    secretsCommand: () => readSecretsCommandConfig(),
    secretsQuery: () => readSecretsQueryConfig(),
  });
  const { gateway: config } = configs;
  const { logLevel, healthFile, stores: storesConfig } = standalone;
  const logger = createLogger({ level: logLevel, service: 'standalone' });
  installCrashHandlers(logger);
  prepareDataDirectory(storesConfig.dataDir);

  const metrics = createMetrics();
  const stores = await openStores(storesConfig, { clock, logger });
  atEnd(() => stores.close());
  const { client, strategy } = createInProcessTransport({ logger });
  // Port 0 becomes another port when it is opened.
  let listensAt = urlOf(config, config.port);
  const root = await StandaloneModule.register({
    clock,
    logger,
    metrics,
    stores,
    client,
    configs,
    forgetFirstKey: () => forgetFirstKey(storesConfig),
    publicUrl: () => configs.access.publicUrl ?? listensAt,
  });
  const app = await createGateway(root, { config, logger, metrics });
  atEnd(() => app.close());
  app.connectMicroservice({ strategy });
  await app.startAllMicroservices();
  await app.init();

  // The port opens after the index of API keys is current. Before that, valid keys would be refused.
  await app.get(ApiKeys).whenCurrent();
  // The port opens before the first key is made, so that a start that cannot serve leaves it to the next one.
  listensAt = await listen(app, config);
  announceFirstSteps(await firstSteps(app, storesConfig));
  keepHealthFile(healthFile);
  announceReady(listensAt);
});
