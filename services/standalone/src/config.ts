import { storeSettings, toStoresConfig } from '#libs/host';
import { readEnv } from '#libs/kernel';
import { processSettings } from '#libs/process';

/** Settings of the process that runs every service; each service reads its own besides. */
export function readStandaloneConfig(env = process.env) {
  const settings = readEnv(env, { ...processSettings, ...storeSettings });
  return {
    logLevel: settings.LOG_LEVEL,
    healthFile: settings.HEALTH_FILE,
    stores: toStoresConfig(settings),
  };
}
