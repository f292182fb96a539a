import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Keyring } from '#libs/key-store';
import { AppError, type Clock, type Redacted, entriesAtMost, newId } from '#libs/kernel';
import { CLOCK } from '../tokens';
import { Turns } from '../turns';
import { hashOpaqueToken, isOpaqueToken, newOpaqueToken } from './opaque-token';
import { hasEnded, SESSION_MS_MAX, SessionRecords, type SessionRecord } from './session-records';

/** How long a session that another process has ended may go on here (case B5). */
const FRESH_MS = 1_000;
const IN_MEMORY_MAX = 10_000;
/** Beyond so many of one person the oldest end. */
const SESSIONS_PER_USER_MAX = 50;

/** A session that holds: whose it is, and when its person last proved who they are (ISO 8601). */
export interface KnownSession {
  readonly userId: string;
  readonly personalOrgId: string;
  readonly sessionId: string;
  readonly authenticatedAt: string;
}

/** A token that was given out, this once, and when its session ends at the latest. */
export interface StartedSession {
  readonly token: Redacted<string>;
  readonly expiresAt: string;
}

export type NewSession = Omit<SessionRecord, 'id' | 'createdAt' | 'expiresAt'>;

/** Whether what somebody has proved to get a token still holds. */
export type Holds = () => Promise<boolean>;

interface Renewal {
  /** When the person proved who they are, ISO 8601; default now. */
  readonly authenticatedAt?: string;
  /** Default: it does. */
  readonly holds?: Holds;
}

/**
 * Sessions by their token, of which only a keyed hash is kept. A record is written once and removed once, never changed:
 * another token is another record, and nothing that comes late can bring an ended session back.
 */
@Injectable()
export class Sessions implements OnModuleInit {
  readonly #turns = new Turns();
  readonly #fresh: LRUCache<string, KnownSession>;
  /** Grows with every session that ends, so that what was read before is not remembered after. */
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

  /** Null for a token that is nobody's, or nobody's any more. Using a session keeps it alive. */
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
    // Believed from when the reading began: what another process ends while it is read must not last longer for it.
    if (endings === this.#endings) this.#fresh.set(id, known, { start });
    return known;
  }

  newSessionId(): string {
    return newId('ses', this.clock.now());
  }

  /** AUTHENTICATION_REQUIRED if what was proved does not hold any more once the session is there: it ends then. */
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
   * Another token for a session. A token proves nothing: `authenticatedAt`, ISO 8601, is for who has proved again who they
   * are; without it the session keeps the time that it had. AUTHENTICATION_REQUIRED if it has ended, or if what was proved
   * does not hold any more: the session then goes on as it was.
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

  /** Those that hold, the latest first. */
  async listOf(userId: string): Promise<(SessionRecord & { readonly lastSeenAt: string })[]> {
    const now = this.clock.now();
    return (await this.records.listOf(userId)).filter((record) => !hasEnded(record, now));
  }

  /**
   * Ends those that are chosen, at once in this process; gives them. `first` is told which, also when there are none, and
   * is waited for: when it fails, none ends.
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
      // Another process may have renewed one of them meanwhile.
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
   * Looks whether it still holds once the session is there. Whoever takes away what was proved lists the sessions
   * afterwards, so one of the two sees the other, in whichever processes they are.
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
