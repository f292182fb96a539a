import { storeSettings, toStoresConfig } from '#libs/host';
import { integer, readEnv, readTogether } from '#libs/kernel';
import { address, processSettings, readIdentity } from '#libs/process';

/** Settings of the command service. */
export type SecretsCommandConfig = ReturnType<typeof readSecretsCommandConfig>;

export function readSecretsCommandConfig(env = process.env) {
  const settings = readEnv(env, {
    SECRETS_PER_ORGANIZATION_MAX: integer(10_000, 1, 1_000_000),
    RECOVERY_DAYS: integer(7, 0, 365),
  });
  return {
    /** Quota of an organization; it bounds an unpaged list. */
    secretsPerOrganizationMax: settings.SECRETS_PER_ORGANIZATION_MAX,
    /** How long a deleted secret keeps its keys where its organization has not chosen. */
    recoveryDays: settings.RECOVERY_DAYS,
  };
}

/** Settings of the process, when this service is one of its own. */
export function readSecretsCommandHostConfig(env = process.env) {
  const listen = { LISTEN: address('tcp://127.0.0.1:7102') };
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
