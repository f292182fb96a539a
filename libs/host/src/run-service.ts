import type { AddressInfo, Server } from 'node:net';
import type { DynamicModule, INestMicroservice } from '@nestjs/common';
import { systemClock, type Clock } from '#libs/kernel';
import type { EventStore } from '#libs/event-store';
import type { Keyring } from '#libs/key-store';
import { createLogger, installCrashHandlers, type Logger } from '#libs/observability';
import { announceReady, keepHealthFile, runProcess, untilThere } from '#libs/process';
import type { ReadStore } from '#libs/read-store';
import { createTcpServer, type MutualTls, type TcpAddress } from '#libs/transport';
import { prepareDataDirectory } from './data-directory';
import { initialise } from './initialise';
import { openStores } from './open-stores';
import type { StoreOwner, StoresConfig } from './store-settings';

/** What every service with stores is made of. */
export interface ServiceParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: EventStore;
  readonly keyring: Keyring;
  readonly reads: ReadStore;
}

export interface ServiceHost {
  readonly name: StoreOwner;
  readonly logLevel: 'error' | 'warn' | 'info';
  readonly healthFile: string | undefined;
  readonly stores: StoresConfig;
  readonly listen: TcpAddress;
  readonly identity: Omit<MutualTls, 'allowedPeers'> | undefined;
  /** The names of the services that may call this one. */
  readonly callers: readonly string[];
  readonly module: (parts: ServiceParts) => DynamicModule;
  /** Runs once before the first message is taken, and again when a store was away. */
  readonly beforeServing?: (app: INestMicroservice) => Promise<void>;
}

/** Runs one service as a process of its own, until SIGTERM. A refusal to start is one sentence and exit code 1. */
export function runService(host: () => ServiceHost): void {
  runProcess(async (atEnd) => {
    const { name, logLevel, healthFile, stores: config, ...service } = host();
    const clock = systemClock;
    const logger = createLogger({ level: logLevel, service: name });
    installCrashHandlers(logger);
    // Before anything is waited for: it refuses an open network.
    serverOf(service, logger);
    if (config.isEmbedded) prepareDataDirectory(config.dataDir);
    const stores = await openStores(config, { clock, logger, isApart: true });
    atEnd(() => stores.close());
    const { events, keyring } = stores;
    const reads = await stores.readStoreOf(name);
    const waiting = { logger, component: 'stores', code: 'STORE_UNAVAILABLE' } as const;
    // A store may be away again by now: then all of it is made anew.
    const { app, strategy } = await untilThere(async () => {
      const strategy = serverOf(service, logger);
      const module = service.module({ clock, logger, events, keyring, reads });
      return { app: await initialise(module, { strategy, logger }), strategy };
    }, waiting);
    atEnd(() => app.close());
    await untilThere(async () => service.beforeServing?.(app), waiting);
    await app.listen();
    const { port } = strategy.unwrap<Server>().address() as AddressInfo;
    keepHealthFile(healthFile);
    announceReady(`tcp://${service.listen.host}:${port}`);
  });
}

function serverOf(
  { listen, identity, callers }: Pick<ServiceHost, 'listen' | 'identity' | 'callers'>,
  logger: Logger,
) {
  return createTcpServer({
    ...listen,
    logger,
    ...(identity && { tls: { ...identity, allowedPeers: callers } }),
  });
}
