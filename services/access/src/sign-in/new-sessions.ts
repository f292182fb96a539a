import { Inject, Injectable } from '@nestjs/common';
import type { AccessEvent } from '#libs/events';
import type { Clock } from '#libs/kernel';
import type { SecondFactor } from '../second-factors/second-factors';
import { Sessions, type Holds, type StartedSession } from '../sessions/sessions';
import { personOf, SignInTrail, type Origin } from '../sessions/sign-in-trail';
import { CLOCK } from '../tokens';
import { Users, type User } from '../users/users';

interface How {
  readonly method: Extract<AccessEvent, { type: 'SignedIn' }>['data']['method'];
  readonly secondFactor: SecondFactor | null;
  /** When the person proved who they are, ISO 8601; default now. */
  readonly authenticatedAt?: string;
  /** Tells whether the password that was verified is still the person's password. Absent without a password. */
  readonly holds?: Holds;
}

/** Starts sessions, each after its record in the log is durable. */
@Injectable()
export class NewSessions {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly sessions: Sessions,
    private readonly trail: SignInTrail,
    private readonly users: Users,
  ) {}

  /**
   * Starts a session. Fails with AUTHENTICATION_REQUIRED for a user who was erased in the meantime, or whose proof is
   * no longer valid.
   */
  async start(user: User, origin: Origin, how: How): Promise<StartedSession> {
    const { method, secondFactor, authenticatedAt = this.clock.now().toISOString() } = how;
    const sessionId = this.sessions.newSessionId();
    const person = personOf(user);
    await this.trail.record(person, origin, { type: 'SignedIn', data: { sessionId, method, secondFactor } });
    const { address, userAgent } = origin;
    const holds = async () => (await this.users.isThere(user)) && (await how.holds?.()) !== false;
    return this.sessions.start({ ...person, sessionId, authenticatedAt, address, userAgent }, holds);
  }
}
