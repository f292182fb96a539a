import { readFileSync } from 'node:fs';
import path from 'node:path';

/** global-setup.cjs makes these files with scripts/certs.mjs. */
const folder = path.join(__dirname, '../../.cache/split-certs');

/** Gives the settings with which a process proves that it is `service`. */
export function identityOf(service: string): Record<string, string> {
  const file = (name: string) => path.join(folder, name);
  return {
    SERVICE_CERT_FILE: file(`${service}.crt`),
    SERVICE_KEY_FILE: file(`${service}.key`),
    SERVICE_CA_FILE: file('ca.crt'),
  };
}

/** Gives the same certificates as options of a TLS socket. */
export function tlsOf(service: string) {
  const read = (name: string) => readFileSync(path.join(folder, name));
  return { cert: read(`${service}.crt`), key: read(`${service}.key`), ca: read('ca.crt') };
}
