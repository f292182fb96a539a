import { PeriodicTask } from '#libs/kernel';
import type { SqliteWriter } from '#libs/sqlite';
import type { Retention } from '../event-store';
import type { EventLogJobs } from './event-log.jobs';

const DAY_MS = 24 * 60 * 60 * 1000;
const HOUR_MS = 60 * 60 * 1000;

/** Deletes old events, now and every hour, in steps that let appends through. Undefined without a `sweep`. */
export function startRetention(
  writer: SqliteWriter<EventLogJobs>,
  { category, days, sweep }: Retention,
): PeriodicTask | undefined {
  if (!sweep) return undefined;
  const round = async (signal: AbortSignal) => {
    const time = new Date(Date.now() - days * DAY_MS).toISOString();
    let after: string | null = `${category}-`;
    while (after !== null && !signal.aborted) after = await writer.run('expire', { category, time, after });
  };
  const task = new PeriodicTask({ intervalMs: HOUR_MS, round, failed: sweep.failed });
  void task.run();
  task.begin();
  return task;
}
