import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

const ATTEMPTS_MAX = 100;
/** Each jest worker takes ports from a range of its own, and no port twice. */
const FIRST = 12_000 + ((Number(process.env['JEST_WORKER_ID'] ?? 1) - 1) % 4) * 5_000;
const given = new Set<number>();

/**
 * Gives a port on which no process listens. It lies below the range from which the system takes ports for outgoing
 * connections, so it stays free while a process restarts.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const port = randomInt(FIRST, FIRST + 5_000);
    if (given.has(port)) continue;
    given.add(port);
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
