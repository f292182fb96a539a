import path from 'node:path';
import { integer, oneOf, optionalText, readEnv, Redacted, text } from '#libs/kernel';

/** Settings of the process that runs every service. */
export type StandaloneConfig = ReturnType<typeof readStandaloneConfig>;

export function readStandaloneConfig(env = process.env) {
  const settings = readEnv(env, {
    AUDIT_RETENTION_DAYS: integer(400, 1, 36_500),
    DATA_DIR: text('./data'),
    LOG_LEVEL: oneOf('info', ['error', 'warn', 'info']),
    EVENT_STORE_URL: optionalText(),
    KEY_STORE_URL: optionalText(),
    READ_STORE_URL: optionalText(),
    ROOT_KEY: secret(),
    ROOT_KEY_FILE: optionalText(),
    ROOT_KEY_PREVIOUS: secret(),
    ROOT_KEY_PREVIOUS_FILE: optionalText(),
  });
  const dataDir = path.resolve(settings.DATA_DIR);
  const inDataDir = (file: string) => path.join(dataDir, file);
  return {
    dataDir,
    /** How long the records of reads and refusals are kept. */
    auditRetentionDays: settings.AUDIT_RETENTION_DAYS,
    logLevel: settings.LOG_LEVEL,
    eventStoreUrl: settings.EVENT_STORE_URL ?? `sqlite:${inDataDir('events.db')}`,
    keyStoreUrl: settings.KEY_STORE_URL ?? `sqlite:${inDataDir('keys.db')}`,
    /** Each service has a read store of its own. */
    readStoreUrl: (service: string) => settings.READ_STORE_URL ?? `sqlite:${inDataDir(`${service}.db`)}`,
    rootKey: {
      value: settings.ROOT_KEY,
      file: path.resolve(settings.ROOT_KEY_FILE ?? inDataDir('root.key')),
    },
    /** Set both this and the new root key to rotate; null otherwise. */
    previousRootKey:
      (settings.ROOT_KEY_PREVIOUS ?? settings.ROOT_KEY_PREVIOUS_FILE)
        ? { value: settings.ROOT_KEY_PREVIOUS, file: path.resolve(settings.ROOT_KEY_PREVIOUS_FILE ?? '') }
        : null,
    firstApiKeyFile: inDataDir('first-api-key'),
  };
}

function secret() {
  return (value: string | undefined) => (value === undefined ? undefined : new Redacted(value));
}
