import { readEnv, readTogether } from '#libs/kernel';
import { address, processSettings, readIdentity } from '#libs/process';
import { storeSettings, toStoresConfig } from './store-settings';

/** Settings of a process that runs one service for others to call. */
export type ServiceConfig = ReturnType<typeof readServiceConfig>;

/** Reads the settings of a process with stores. Fails with CONFIG_INVALID. */
export function readHostConfig(env: NodeJS.ProcessEnv) {
  const settings = readEnv(env, { ...processSettings, ...storeSettings });
  return {
    logLevel: settings.LOG_LEVEL,
    healthFile: settings.HEALTH_FILE,
    stores: toStoresConfig(settings),
  };
}

/** Reads the same for a service that others call. By default it listens on `port` of the loopback interface. */
export function readServiceConfig(env: NodeJS.ProcessEnv, port: number) {
  const { host, listen, identity } = readTogether({
    host: () => readHostConfig(env),
    listen: () => readEnv(env, { LISTEN: address(`tcp://127.0.0.1:${port}`) }).LISTEN,
    identity: () => readIdentity(env),
  });
  return { ...host, listen, identity };
}
