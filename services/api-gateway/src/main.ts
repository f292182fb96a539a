import 'reflect-metadata';
import { readTogether } from '#libs/kernel';
import { createLogger, createMetrics, installCrashHandlers } from '#libs/observability';
import { announceReady, keepHealthFile, runProcess, untilThere } from '#libs/process';
import { createTcpClient } from '#libs/transport';
import { GatewayModule } from './app.module';
import { readGatewayConfig, readGatewayHostConfig } from './config';
import { measureAddresses } from './health/address-metrics';
import { createGateway } from './create-gateway';
import { listen } from './http/listen';

runProcess(async (atEnd) => {
  const { config, host } = readTogether({
    config: () => readGatewayConfig(),
    host: () => readGatewayHostConfig(),
  });
  const logger = createLogger({ level: host.logLevel, service: 'api-gateway' });
  installCrashHandlers(logger);
  const metrics = createMetrics();
  const clientOf = (service: keyof typeof host.services) => {
    const tls = host.identity && { ...host.identity, allowedPeers: [service] };
    return createTcpClient({ addresses: host.services[service], service, tls, logger });
  };
  const clients = {
    access: clientOf('access'),
    'secrets-command': clientOf('secrets-command'),
    'secrets-query': clientOf('secrets-query'),
  };
  atEnd(() => Promise.all(Object.values(clients).map((client) => client.close())));
  measureAddresses(metrics, clients);
  const root = GatewayModule.register({
    config,
    logger,
    metrics,
    access: clients.access,
    secretsCommand: clients['secrets-command'],
    secretsQuery: clients['secrets-query'],
  });
  const app = await createGateway(root, { config, logger, metrics });
  atEnd(() => app.close());
  await app.init();
  const url = await listen(app, config);
  keepHealthFile(host.healthFile);
  // It answers by now, and /readyz says what is away, as do the clients in the log; it is ready when all services
  // have answered once.
  const all = Object.values(clients);
  await Promise.all(all.map((client) => untilThere(() => client.ping(), { code: 'SERVICE_UNAVAILABLE' })));
  announceReady(url);
});
