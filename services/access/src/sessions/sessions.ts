import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Keyring } from '#libs/key-store';
import { AppError, type Clock, type Redacted, entriesAtMost, newId } from '#libs/kernel';
import { CLOCK } from '../tokens';
import { Turns } from '../turns';
import { hashOpaqueToken, isOpaqueToken, newOpaqueToken } from './opaque-token';
import { hasEnded, SESSION_MS_MAX, SessionRecords, type SessionRecord } from './session-records';

/** How long this process may still accept a session that another process has ended (case B5). */
const FRESH_MS = 1_000;
const IN_MEMORY_MAX = 10_000;
/** When a person has more sessions than this, the oldest end. */
const SESSIONS_PER_USER_MAX = 50;

/** A valid session: its person, and when the person last proved who they are (ISO 8601). */
export interface KnownSession {
  readonly userId: string;
  readonly personalOrgId: string;
  readonly sessionId: string;
  readonly authenticatedAt: string;
}

/** A new token, which is never shown again, and when its session ends at the latest. */
export interface StartedSession {
  readonly token: Redacted<string>;
  readonly expiresAt: string;
}

export type NewSession = Omit<SessionRecord, 'id' | 'createdAt' | 'expiresAt'>;

/** Tells whether the proof for which a token is given, such as a password, is still valid. */
export type Holds = () => Promise<boolean>;

interface Renewal {
  /** When the person proved who they are, ISO 8601; by default the session keeps its time. */
  readonly authenticatedAt?: string;
  /** By default the proof stays valid. */
  readonly holds?: Holds;
}

/**
 * Finds sessions by their token, of which only a keyed hash is stored. A record is written once and removed once, and
 * never changed. A new token makes a new record, so no late write can bring an ended session back.
 */
@Injectable()
export class Sessions implements OnModuleInit {
  readonly #turns = new Turns();
  readonly #fresh: LRUCache<string, KnownSession>;
  /** Counts endings, so that a session that was read before an ending is not remembered after it. */
  #endings = 0;

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly keyring: Keyring,
    private readonly records: SessionRecords,
  ) {
    this.#fresh = new LRUCache({
      ...entriesAtMost(IN_MEMORY_MAX),
      ttl: FRESH_MS,
      ttlResolution: 0,
      perf: { now: () => clock.monotonicMs() },
    });
  }

  async onModuleInit(): Promise<void> {
    await this.records.prepare();
  }

  /** Gives the session of a token; null when there is none or it has ended. Each use prolongs the session. */
  async find(token: Redacted<string>): Promise<KnownSession | null> {
    if (!isOpaqueToken(token)) return null;
    const id = await this.#hash(token);
    const fresh = this.#fresh.get(id);
    if (fresh) return fresh;
    const endings = this.#endings;
    const now = this.clock.now();
    const start = this.clock.monotonicMs();
    const record = await this.records.find(id);
    if (!record || hasEnded(record, now)) return null;
    this.records.noteUse(record, now);
    const known = knownSession(record);
    // A session counts as fresh from the beginning of its reading. So one that another process ends during the reading
    // does not stay valid for longer.
    if (endings === this.#endings) this.#fresh.set(id, known, { start });
    return known;
  }

  newSessionId(): string {
    return newId('ses', this.clock.now());
  }

  /**
   * Starts a session. If the proof is no longer valid once the session is stored, the session ends and this fails with
   * AUTHENTICATION_REQUIRED.
   */
  async start(session: NewSession, holds: Holds): Promise<StartedSession> {
    return this.#turns.take(session.userId, async () => {
      const now = this.clock.now();
      const expiresAt = new Date(now.getTime() + SESSION_MS_MAX).toISOString();
      const started = await this.#issue({ ...session, createdAt: now.toISOString(), expiresAt }, holds);
      const all = await this.records.listOf(session.userId);
      await this.#end(all.slice(SESSIONS_PER_USER_MAX));
      return started;
    });
  }

  /**
   * Gives a session a new token. `authenticatedAt`, ISO 8601, is for a person who has proved again who they are;
   * without it the session keeps its time, because a token proves nothing. Fails with AUTHENTICATION_REQUIRED if the
   * session has ended, or if the proof is no longer valid; then the session keeps its old token.
   */
  async renew(
    userId: string,
    sessionId: string,
    { authenticatedAt, holds = always }: Renewal = {},
  ): Promise<StartedSession> {
    return this.#turns.take(userId, async () => {
      const before = (await this.listOf(userId)).filter((record) => record.sessionId === sessionId);
      const [latest] = before;
      if (!latest) throw new AppError('AUTHENTICATION_REQUIRED');
      const isThere = async () => (await this.records.find(latest.id)) !== null;
      const stillHolds = async () => (await isThere()) && holds();
      const renewed = { ...latest, authenticatedAt: authenticatedAt ?? latest.authenticatedAt };
      const started = await this.#issue(renewed, stillHolds);
      await this.#end(before);
      return started;
    });
  }

  /** Gives the valid sessions of a person, latest first. */
  async listOf(userId: string): Promise<(SessionRecord & { readonly lastSeenAt: string })[]> {
    const now = this.clock.now();
    return (await this.records.listOf(userId)).filter((record) => !hasEnded(record, now));
  }

  /**
   * Ends the chosen sessions, at once in this process, and gives their ids. `first` gets the ids before, even if there
   * are none. When `first` fails, no session ends.
   */
  async endThose(
    userId: string,
    chosen: (session: SessionRecord) => boolean,
    first: (sessionIds: readonly string[]) => Promise<void> = async () => undefined,
  ): Promise<string[]> {
    return this.#turns.take(userId, async () => {
      const ending = (await this.records.listOf(userId)).filter(chosen);
      const sessionIds = ending.map(({ sessionId }) => sessionId);
      await first(sessionIds);
      await this.#end(ending);
      // Another process may have renewed one of these sessions in the meantime.
      const renewed = await this.records.listOf(userId);
      await this.#end(renewed.filter(({ sessionId }) => sessionIds.includes(sessionId)));
      return sessionIds;
    });
  }

  async #end(sessions: readonly SessionRecord[]): Promise<void> {
    for (const { id } of sessions) await this.records.remove(id);
    this.#endings += 1;
    for (const { id } of sessions) this.#fresh.delete(id);
  }

  /**
   * Stores a session, and then checks that its proof is still valid. A process that invalidates the proof lists the
   * sessions afterwards. So at least one of the two processes sees the other's change.
   */
  async #issue(session: Omit<SessionRecord, 'id'>, holds: Holds): Promise<StartedSession> {
    const token = newOpaqueToken();
    const record = { ...session, id: await this.#hash(token) };
    await this.records.add(record);
    if (!(await holds())) {
      await this.#end([record]);
      throw new AppError('AUTHENTICATION_REQUIRED');
    }
    return { token, expiresAt: session.expiresAt };
  }

  async #hash(token: Redacted<string>): Promise<string> {
    return hashOpaqueToken(await this.keyring.instanceKey('sign-in'), 'session', token);
  }
}

async function always(): Promise<boolean> {
  return true;
}

function knownSession({ userId, personalOrgId, sessionId, authenticatedAt }: SessionRecord): KnownSession {
  return { userId, personalOrgId, sessionId, authenticatedAt };
}
