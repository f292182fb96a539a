import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '#libs/kernel';
import { errorFields, type Logger } from '#libs/observability';
import type { CollectionSpec, ReadStore } from '#libs/read-store';
import { CLOCK, LOGGER, READ_STORE } from '../tokens';

export const SESSION_MS_MAX = 12 * 3_600_000;
export const SESSION_IDLE_MS_MAX = 15 * 60_000;
/** The time of last use is written once a minute at most, so a session that is not used ends after 14 to 15 minutes. */
const SEEN_EVERY_MS = 60_000;
const LIST_MAX = 1_000;

/** Times are ISO 8601, UTC. */
export interface SessionRecord {
  /** The keyed hash of the token. */
  readonly id: string;
  /** `ses_…`; it stays the same when the token changes. */
  readonly sessionId: string;
  readonly userId: string;
  readonly personalOrgId: string;
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly authenticatedAt: string;
  readonly address: string | null;
  readonly userAgent: string | null;
}

type SeenSession = SessionRecord & { readonly lastSeenAt: string };

const sessionsCollection = {
  name: 'sessions_v1',
  fields: { userId: 'string', createdAt: 'string', expiresAt: 'string' },
  indexes: [['userId', 'createdAt'], ['expiresAt']],
} as const satisfies CollectionSpec;

/** The times of last use, in records of their own, so that a late write cannot bring an ended session back. */
const usesCollection = {
  name: 'session_uses_v1',
  fields: { lastSeenAt: 'string' },
  indexes: [['lastSeenAt']],
} as const satisfies CollectionSpec;

/** Tells whether a session has ended, by age or for lack of use. */
export function hasEnded({ expiresAt, lastSeenAt }: SeenSession, now: Date): boolean {
  const time = now.getTime();
  return Date.parse(expiresAt) <= time || Date.parse(lastSeenAt) + SESSION_IDLE_MS_MAX <= time;
}

/** The records of sessions in the read store. */
@Injectable()
export class SessionRecords {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(READ_STORE) private readonly reads: ReadStore,
  ) {}

  async prepare(): Promise<void> {
    await this.reads.ensureCollection(sessionsCollection);
    await this.reads.ensureCollection(usesCollection);
  }

  async find(id: string): Promise<SeenSession | null> {
    const record = await this.reads.get(sessionsCollection.name, id);
    return record ? this.#seen(record as unknown as SessionRecord) : null;
  }

  /** Gives all sessions of a person, latest first. Some may have ended. */
  async listOf(userId: string): Promise<SeenSession[]> {
    const rows = await this.reads.find(sessionsCollection.name, {
      where: { userId },
      sort: { field: 'createdAt', direction: 'descending' },
      limit: LIST_MAX,
    });
    return Promise.all(rows.map((row) => this.#seen(row as unknown as SessionRecord)));
  }

  async add(record: SessionRecord): Promise<void> {
    await this.reads.put(sessionsCollection.name, { ...record });
  }

  async remove(id: string): Promise<void> {
    await this.reads.remove(sessionsCollection.name, id);
  }

  /** Notes a use without waiting for the write. If the write fails, the session ends early. */
  noteUse({ sessionId, lastSeenAt }: SeenSession, now: Date): void {
    if (now.getTime() - Date.parse(lastSeenAt) < SEEN_EVERY_MS) return;
    const use = { id: sessionId, lastSeenAt: now.toISOString() };
    this.reads
      .put(usesCollection.name, use)
      .catch((error: unknown) => this.logger.warn('use of a session not recorded', errorFields(error)));
  }

  async #seen(record: SessionRecord): Promise<SeenSession> {
    const use = await this.reads.get(usesCollection.name, record.sessionId);
    const { createdAt, authenticatedAt } = record;
    const known = [createdAt, authenticatedAt, ...(use ? [String(use['lastSeenAt'])] : [])];
    return { ...record, lastSeenAt: known.sort().at(-1) ?? createdAt };
  }

  /** Removes the records of sessions that have ended by age. */
  async purge(): Promise<void> {
    const now = this.clock.now().getTime();
    await this.reads.removeBefore(sessionsCollection.name, 'expiresAt', new Date(now).toISOString());
    const old = new Date(now - SESSION_MS_MAX).toISOString();
    await this.reads.removeBefore(usesCollection.name, 'lastSeenAt', old);
  }
}
