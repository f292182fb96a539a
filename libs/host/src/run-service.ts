import { setTimeout as delay } from 'node:timers/promises';
import type { DynamicModule, INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { isAppError, systemClock, type Clock } from '#libs/kernel';
import type { EventStore } from '#libs/event-store';
import type { Keyring } from '#libs/key-store';
import {
  createLogger,
  createNestLogger,
  errorFields,
  installCrashHandlers,
  type Logger,
} from '#libs/observability';
import { announceReady, announceRefusal, endOnSignal } from '#libs/process';
import type { ReadStore } from '#libs/read-store';
import { createTcpServer, type MutualTls } from '#libs/transport';
import { prepareDataDirectory } from './data-directory';
import { openStores, type Stores } from './open-stores';
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
  readonly stores: StoresConfig;
  readonly listen: { readonly host: string; readonly port: number };
  readonly identity: Omit<MutualTls, 'allowedPeers'> | undefined;
  /** The names of the services that may call this one. */
  readonly callers: readonly string[];
  readonly module: (parts: ServiceParts) => DynamicModule;
  /** Runs once before the first message is taken. */
  readonly beforeServing?: (app: INestMicroservice) => Promise<void>;
}

const STORE_RETRY_MS = 1_000;

/** Runs one service as a process of its own, until SIGTERM. A refusal to start is one sentence and exit code 1. */
export function runService(host: () => ServiceHost): void {
  void Promise.resolve()
    .then(() => serve(host()))
    .catch((error: unknown) => {
      announceRefusal(error);
      process.exit(1);
    });
}

async function serve(host: ServiceHost): Promise<void> {
  const { name, listen, identity, callers } = host;
  const clock = systemClock;
  const logger = createLogger({ level: host.logLevel, service: name });
  installCrashHandlers(logger);
  prepareDataDirectory(host.stores.dataDir);
  const stores = await storesWhenThere(host.stores, clock, logger);
  const parts = {
    clock,
    logger,
    events: stores.events,
    keyring: stores.keyring,
    reads: await stores.readStoreOf(name),
  };
  const strategy = createTcpServer({
    ...listen,
    logger,
    ...(identity && { tls: { ...identity, allowedPeers: callers } }),
  });
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(host.module(parts), {
    strategy,
    abortOnError: false,
    logger: createNestLogger(logger),
  });
  endOnSignal(async () => {
    await app.close();
    await stores.close();
  });
  await app.init();
  await host.beforeServing?.(app);
  await app.listen();
  announceReady(`tcp://${listen.host}:${listen.port}`);
}

/** Services and engines may start in any order: a store that is away now is waited for, in the open. */
async function storesWhenThere(config: StoresConfig, clock: Clock, logger: Logger): Promise<Stores> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await openStores(config, clock);
    } catch (error) {
      if (!isAppError(error, 'STORE_UNAVAILABLE')) throw error;
      logger.warn('waiting for a store', { attempt, ...errorFields(error.cause ?? error) });
      await delay(STORE_RETRY_MS);
    }
  }
}
