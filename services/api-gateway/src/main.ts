import 'reflect-metadata';
import { createLogger, createMetrics, installCrashHandlers } from '#libs/observability';
import { announceReady, announceRefusal, endOnSignal } from '#libs/process';
import { createTcpClient } from '#libs/transport';
import { GatewayModule } from './app.module';
import { readGatewayConfig, readGatewayHostConfig } from './config';
import { createGateway } from './http/create-gateway';
import { listen } from './http/listen';

async function start(): Promise<void> {
  const config = readGatewayConfig();
  const { logLevel, identity, ...addresses } = readGatewayHostConfig();
  const logger = createLogger({ level: logLevel, service: 'api-gateway' });
  installCrashHandlers(logger);
  const metrics = createMetrics();
  const clientOf = (name: string, address: { host: string; port: number }) =>
    createTcpClient({ ...address, ...(identity && { tls: { ...identity, allowedPeers: [name] } }) });
  const clients = {
    access: clientOf('access', addresses.access),
    secretsCommand: clientOf('secrets-command', addresses.secretsCommand),
    secretsQuery: clientOf('secrets-query', addresses.secretsQuery),
  };
  const { rateLimits } = config;
  const root = GatewayModule.register({ logger, metrics, rateLimits, ...clients });
  const app = await createGateway(root, { config, logger, metrics });
  endOnSignal(async () => {
    await app.close();
    await Promise.all(Object.values(clients).map((client) => client.close()));
  });
  announceReady(await listen(app, config));
}

start().catch((error: unknown) => {
  announceRefusal(error);
  process.exit(1);
});
