import { randomUUID } from 'node:crypto';
import { isAppError } from '#libs/kernel';
import type { EsdbAppends } from './esdb-appends';
import type { EsdbConnection } from './esdb-connection';
import { readStream } from './esdb-reads';
import type { JsonObject } from '../event-store';

/** The limits in a stream's metadata. `$tb` hides events before a revision, `$maxAge` older ones, in seconds. */
type Limits = { readonly $tb?: number; readonly $maxAge?: number };

const READ_MS = 2000;
const TRIES_MAX = 5;

/**
 * Changes the limits of a stream. They are the last event of its `$$` stream, and are appended like any other event.
 * The client's own command is not used, because it replaces all metadata and takes the client's batch path.
 */
export async function changeLimits(
  { connection, appends }: { connection: EsdbConnection; appends: EsdbAppends },
  stream: string,
  change: (before: Limits) => Limits,
): Promise<void> {
  const metastream = `$$${stream}`;
  const tail = { stream: metastream, direction: 'backwards', from: undefined, limit: 1 } as const;
  for (let tries = 1; ; tries += 1) {
    const [last] = await connection.run(READ_MS, (client) => readStream(client, tail));
    const before: JsonObject = last?.data ?? {};
    const after = { ...before, ...change(before) };
    if (JSON.stringify(after) === JSON.stringify(before)) return;
    const data = Buffer.from(JSON.stringify(after));
    const event = { id: randomUUID(), type: '$metadata', data, metadata: Buffer.alloc(0) };
    try {
      const expected = last ? { revision: last.revision } : 'no stream';
      await appends.append({ stream: metastream, expected, events: [event] });
      return;
    } catch (error) {
      // Another writer was faster, so the change is made again on the new metadata.
      if (!isAppError(error, 'WRONG_REVISION') || tries === TRIES_MAX) throw error;
    }
  }
}
