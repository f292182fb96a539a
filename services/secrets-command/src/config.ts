import { readServiceConfig } from '#libs/host';
import { integer, readEnv } from '#libs/kernel';

/** Settings of the command service. */
export type SecretsCommandConfig = ReturnType<typeof readSecretsCommandConfig>;

export function readSecretsCommandConfig(env = process.env) {
  const settings = readEnv(env, {
    SECRETS_PER_ORGANIZATION_MAX: integer(10_000, 1, 1_000_000),
    RECOVERY_DAYS: integer(7, 0, 365),
  });
  return {
    /** The largest number of secrets in an organization. It bounds an unpaged list. */
    secretsPerOrganizationMax: settings.SECRETS_PER_ORGANIZATION_MAX,
    /** How long a deleted secret keeps its keys, unless its organization has chosen. */
    recoveryDays: settings.RECOVERY_DAYS,
  };
}

/** Settings of the process, when this service has a process of its own. */
export function readSecretsCommandHostConfig(env = process.env) {
  return readServiceConfig(env, 7102);
}
