import type { AddressInfo, Server } from 'node:net';
import type { DynamicModule, INestMicroservice } from '@nestjs/common';
import { readTogether, systemClock as clock, type Clock } from '#libs/kernel';
import type { EventStore } from '#libs/event-store';
import type { Keyring } from '#libs/key-store';
import { createLogger, installCrashHandlers, type Logger } from '#libs/observability';
import { announceReady, keepHealthFile, runProcess, untilThere } from '#libs/process';
import type { ReadStore } from '#libs/read-store';
import { createTcpServer } from '#libs/transport';
import { prepareDataDirectory } from './data-directory';
import { initialise } from './initialise';
import { openStores } from './open-stores';
import type { ServiceConfig } from './service-settings';
import type { StoreOwner, StoresConfig } from './store-settings';

/** What every service with stores is made of. */
interface ServiceParts<C> {
  readonly config: C;
  readonly storesConfig: StoresConfig;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: EventStore;
  readonly keyring: Keyring;
  readonly reads: ReadStore;
}

interface Service<C> {
  readonly name: StoreOwner;
  /** Reads the service's own settings. `host` reads those of its process. One start names all that are bad. */
  readonly config: () => C;
  readonly host: () => ServiceConfig;
  readonly module: (parts: ServiceParts<C>) => DynamicModule;
  /** Runs before the first message is taken, and again when a store was away. */
  readonly beforeServing?: (app: INestMicroservice, parts: ServiceParts<C>) => Promise<void>;
}

/** The names of the services that may call others. */
const CALLERS = ['api-gateway'];

/** Runs one service as a process of its own, until SIGTERM. A failed start prints one sentence and exits with 1. */
export function runService<C>({ name, ...service }: Service<C>): void {
  runProcess(async (atEnd) => {
    const { config, host } = readTogether({ config: service.config, host: service.host });
    const { stores: storesConfig, listen, identity } = host;
    const logger = createLogger({ level: host.logLevel, service: name });
    installCrashHandlers(logger);
    const tls = identity && { ...identity, allowedPeers: CALLERS };
    const newServer = () => createTcpServer({ ...listen, logger, ...(tls && { tls }) });
    // Made before any wait, because it refuses an address on the network without TLS.
    newServer();
    if (storesConfig.isEmbedded) prepareDataDirectory(storesConfig.dataDir);
    const stores = await openStores(storesConfig, { clock, logger, isApart: true });
    atEnd(() => stores.close());
    const { events, keyring } = stores;
    const reads = await stores.readStoreOf(name);
    const parts = { config, storesConfig, clock, logger, events, keyring, reads };
    const waiting = { logger, component: 'stores', code: 'STORE_UNAVAILABLE' } as const;
    // A store may be away again by now: then the whole application is made anew.
    const { app, strategy } = await untilThere(async () => {
      const strategy = newServer();
      return { app: await initialise(service.module(parts), { strategy, logger }), strategy };
    }, waiting);
    atEnd(() => app.close());
    await untilThere(async () => service.beforeServing?.(app, parts), waiting);
    await app.listen();
    const { port } = strategy.unwrap<Server>().address() as AddressInfo;
    keepHealthFile(host.healthFile);
    announceReady(`tcp://${listen.host}:${port}`);
  });
}
