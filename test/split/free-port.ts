import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

const ATTEMPTS_MAX = 100;

/** A port that nobody listens on, below those that the system gives to outgoing connections: it stays free for a restart. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const port = randomInt(12_000, 32_000);
    const probe = createServer();
    const taken = once(probe, 'error').then(() => true);
    probe.listen(port, '127.0.0.1');
    if (await Promise.race([taken, once(probe, 'listening').then(() => false)])) continue;
    probe.close();
    await once(probe, 'close');
    return port;
  }
  throw new Error('No free port found');
}
