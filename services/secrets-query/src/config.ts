import { readServiceConfig } from '#libs/host';
import { integer, readEnv } from '#libs/kernel';

/** Settings of the query service. */
export type SecretsQueryConfig = ReturnType<typeof readSecretsQueryConfig>;

export function readSecretsQueryConfig(env = process.env) {
  const settings = readEnv(env, { LIST_WAIT_MS_MAX: integer(2_000, 1, 10_000) });
  return {
    /** How long a list waits to show the caller's own writes (REST contract: 2 s, then 503). */
    listWaitMsMax: settings.LIST_WAIT_MS_MAX,
  };
}

/** Settings of the process, when this service has a process of its own. */
export function readSecretsQueryHostConfig(env = process.env) {
  return readServiceConfig(env, 7103);
}
