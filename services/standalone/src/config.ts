import { readHostConfig } from '#libs/host';

/** Settings of the process that runs every service; each service reads its own besides. */
export function readStandaloneConfig(env = process.env) {
  return readHostConfig(env);
}
