import { storeSettings, toStoresConfig } from '#libs/host';
import { readEnv, text } from '#libs/kernel';
import { address, peerSettings, processSettings, readIdentity } from '#libs/process';

/** Settings of the access service. */
export type AccessConfig = ReturnType<typeof readAccessConfig>;

export function readAccessConfig(env = process.env) {
  const settings = readEnv(env, {
    FIRST_ORGANIZATION_NAME: text('My organization'),
    PUBLIC_URL: text('http://127.0.0.1:8080'),
  });
  return {
    /** Name of the organization that the first start makes. */
    firstOrganizationName: settings.FIRST_ORGANIZATION_NAME,
    /** Where clients reach the gateway; for links and examples. */
    publicUrl: settings.PUBLIC_URL,
  };
}

/** Settings of the process, when this service is one of its own. */
export function readAccessHostConfig(env = process.env) {
  const listen = { LISTEN: address('tcp://127.0.0.1:7101') };
  const settings = readEnv(env, { ...processSettings, ...peerSettings, ...storeSettings, ...listen });
  return {
    logLevel: settings.LOG_LEVEL,
    healthFile: settings.HEALTH_FILE,
    stores: toStoresConfig(settings),
    listen: settings.LISTEN,
    identity: readIdentity(settings),
  };
}
