import { readFileSync } from 'node:fs';
import path from 'node:path';

/** Made by global-setup.cjs with `npm run certs`. */
const folder = path.join(__dirname, '../../.cache/split-certs');

/** The settings by which a process proves that it is `service`. */
export function identityOf(service: string): Record<string, string> {
  const file = (name: string) => path.join(folder, name);
  return {
    SERVICE_CERT_FILE: file(`${service}.crt`),
    SERVICE_KEY_FILE: file(`${service}.key`),
    SERVICE_CA_FILE: file('ca.crt'),
  };
}

/** The same, as options of a TLS socket. */
export function tlsOf(service: string) {
  const read = (name: string) => readFileSync(path.join(folder, name));
  return { cert: read(`${service}.crt`), key: read(`${service}.key`), ca: read('ca.crt') };
}
