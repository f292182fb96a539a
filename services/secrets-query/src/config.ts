import { storeSettings, toStoresConfig } from '#libs/host';
import { integer, readEnv, readTogether } from '#libs/kernel';
import { address, processSettings, readIdentity } from '#libs/process';

/** Settings of the query service. */
export type SecretsQueryConfig = ReturnType<typeof readSecretsQueryConfig>;

export function readSecretsQueryConfig(env = process.env) {
  const settings = readEnv(env, { LIST_WAIT_MS_MAX: integer(2_000, 1, 10_000) });
  return {
    /** How long a list waits to show the caller's own writes (REST contract: 2 s, then 503). */
    listWaitMsMax: settings.LIST_WAIT_MS_MAX,
  };
}

/** Settings of the process, when this service is one of its own. */
export function readSecretsQueryHostConfig(env = process.env) {
  const listen = { LISTEN: address('tcp://127.0.0.1:7103') };
  const { settings, identity } = readTogether({
    settings: () => readEnv(env, { ...processSettings, ...storeSettings, ...listen }),
    identity: () => readIdentity(env),
  });
  return {
    logLevel: settings.LOG_LEVEL,
    healthFile: settings.HEALTH_FILE,
    stores: toStoresConfig(settings),
    listen: settings.LISTEN,
    identity,
  };
}
