import type { SqliteWriter } from '#libs/sqlite';
import type { Retention } from '../event-store';
import type { EventLogJobs } from './event-log.jobs';

const DAY_MS = 24 * 60 * 60 * 1000;
const HOUR_MS = 60 * 60 * 1000;

/** Deletes what is too old, now and every hour, in steps that let appends through. Gives the way to stop it. */
export function startRetention(
  writer: SqliteWriter<EventLogJobs>,
  { category, days }: Retention,
): () => void {
  const sweep = async () => {
    const time = new Date(Date.now() - days * DAY_MS).toISOString();
    let after: string | null = `${category}-`;
    while (after !== null) after = await writer.run('expire', { category, time, after });
  };
  // A failed sweep is taken up by the next: what has expired stays expired.
  const start = () => void sweep().catch(() => undefined);
  start();
  const timer = setInterval(start, HOUR_MS).unref();
  return () => clearInterval(timer);
}
