import { readHostConfig } from '#libs/host';

/** Settings of the process that runs every service. Each service also reads its own. */
export function readStandaloneConfig(env = process.env) {
  return readHostConfig(env);
}
