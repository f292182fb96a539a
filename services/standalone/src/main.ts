import 'reflect-metadata';
import { openStores, prepareDataDirectory } from '#libs/host';
import { readTogether, systemClock as clock } from '#libs/kernel';
import { createLogger, createMetrics, installCrashHandlers } from '#libs/observability';
import { announceFirstStart, announceReady, announceSignUp, keepHealthFile, runProcess } from '#libs/process';
import { createInProcessTransport } from '#libs/transport';
import { DEFAULT_PUBLIC_URL, readAccessConfig, type AccessConfig } from '../../access/src/config';
import { ApiKeys } from '../../access/src/api-keys/api-keys';
import { forgetFirstKey, makeFirstKey } from '../../access/src/organizations/first-key-file';
import { FirstOrganization } from '../../access/src/organizations/first-organization';
import { prepareAccess } from '../../access/src/prepare-access';
import { readGatewayConfig, type GatewayConfig } from '../../api-gateway/src/config';
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
  const { firstApiKeyFile: keyFile, rootKey } = storesConfig;
  const root = await StandaloneModule.register({
    ...{ clock, logger, metrics, stores, client, rateLimits: config.rateLimits },
    configs: { ...configs, access: reachedAt(configs.access, config) },
    forgetFirstKey: () => forgetFirstKey(storesConfig),
  });
  const app = await createGateway(root, { config, logger, metrics });
  atEnd(() => app.close());
  app.connectMicroservice({ strategy });
  await app.startAllMicroservices();
  await app.init();

  // The port after the index: until it holds every key, good ones would be refused.
  await app.get(ApiKeys).whenCurrent();
  // The port before the first key: a start that cannot serve leaves that to the next one.
  const url = await listen(app, config);
  const { publicUrl } = configs.access;
  const key = await makeFirstKey(app.get(FirstOrganization), storesConfig);
  const reachedUrl = publicUrl === DEFAULT_PUBLIC_URL ? url : publicUrl;
  const signUpLink = await prepareAccess(app, reachedUrl);
  if (key) announceFirstStart({ key, keyFile, rootKeyFile: rootKey.file, url: reachedUrl });
  if (signUpLink) announceSignUp(signUpLink);
  keepHealthFile(healthFile);
  announceReady(url);
});

/** Links lead to where this very process listens, unless the operator says otherwise. */
function reachedAt(access: AccessConfig, gateway: GatewayConfig): AccessConfig {
  if (access.publicUrl !== DEFAULT_PUBLIC_URL || gateway.port === 0) return access;
  return { ...access, publicUrl: urlOf(gateway, gateway.port) };
}
