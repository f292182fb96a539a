import { Inject, Injectable } from '@nestjs/common';
import { AppError, isAppError, type Redacted } from '#libs/kernel';
import type { Logger } from '#libs/observability';
import { Lockouts, type Subject } from '../lockouts/lockouts';
import { Passwords } from '../passwords/passwords';
import { RefusalRecords, type Refusal } from '../refusals/refusal-records';
import { SecondFactors, type SecondFactor } from '../second-factors/second-factors';
import { Sessions } from '../sessions/sessions';
import type { Origin } from '../sessions/sign-in-trail';
import { LOGGER } from '../tokens';
import type { User } from '../users/users';

/** The credentials that somebody sent to prove who they are. */
export interface Proof {
  readonly password: Redacted<string>;
  readonly totp: Redacted<string> | null;
  readonly recoveryCode: Redacted<string> | null;
}

type Cause = Extract<Refusal['cause'], 'wrong-password' | 'wrong-code' | 'missing-code' | 'locked-out'>;
type Verdict<R> = { readonly right: R } | { readonly wrong: 'wrong-password' | 'wrong-code' };

/** Decides whether somebody is who they claim to be, and records refusals. */
@Injectable()
export class Proofs {
  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly lockouts: Lockouts,
    private readonly passwords: Passwords,
    private readonly refusals: RefusalRecords,
    private readonly secondFactors: SecondFactors,
    private readonly sessions: Sessions,
  ) {}

  /**
   * Gives the second factor that was used; null when none is set up. Fails with AUTHENTICATION_REQUIRED, with the same
   * answer and timing for a wrong password, a wrong code and an unknown user. Fails with SECOND_FACTOR_REQUIRED after a
   * right password, and with RATE_LIMITED after too many failures or under a flood. Each refusal of a known user is
   * recorded once, except under a flood; a missing code only when it does not follow.
   */
  async demand(
    user: User | null,
    subject: Subject,
    { proof, origin }: { proof: Proof; origin: Origin },
  ): Promise<SecondFactor | null> {
    return this.#decide(user, { subject, origin }, () => this.#judge(user, proof));
  }

  /**
   * Demands only a password, of a person who has a session, and fails like `demand`. Gives the first of the passwords
   * that is right; all of them are one attempt. This suffices to change the password. It is no new proof of the person,
   * who may have a second factor.
   */
  async demandPassword(
    user: User,
    passwords: readonly Redacted<string>[],
    origin: Origin,
  ): Promise<Redacted<string>> {
    const subject = { kind: 'password', id: user.id } as const;
    return this.#decide(user, { subject, origin }, async () => {
      for (const right of passwords) if (await this.passwords.verify(user, right)) return { right };
      return { wrong: 'wrong-password' };
    });
  }

  /**
   * Demands the code of an authenticator app that is being set up, which `judge` looks at. Gives what it proves, and
   * fails like `demand`.
   */
  async demandEnrolled<R>(user: User, judge: () => Promise<Verdict<R>>, origin: Origin): Promise<R> {
    return this.#decide(user, { subject: { kind: 'enrolment', id: user.id }, origin }, judge);
  }

  async #decide<R>(
    user: User | null,
    { subject, origin }: { subject: Subject; origin: Origin },
    judge: () => Promise<Verdict<R>>,
  ): Promise<R> {
    // An attempt that cannot be judged now must not be counted.
    this.passwords.assertRoom();
    let isLookedAt = false;
    const look = () => {
      isLookedAt = true;
      return judge();
    };
    const verdict = await this.lockouts.judged(subject, look).catch((error: unknown) => {
      if (isAppError(error, 'SECOND_FACTOR_REQUIRED')) this.#refused(user, 'missing-code', origin);
      if (!isLookedAt && isAppError(error, 'RATE_LIMITED')) this.#refused(user, 'locked-out', origin);
      throw error;
    });
    if ('right' in verdict) return verdict.right;
    this.#refused(user, verdict.wrong, origin);
    throw new AppError('AUTHENTICATION_REQUIRED');
  }

  async #judge(
    user: User | null,
    { password, totp, recoveryCode }: Proof,
  ): Promise<Verdict<SecondFactor | null>> {
    const isRight = await this.passwords.verify(user, password);
    if (!user || !isRight) return { wrong: 'wrong-password' };
    return this.secondFactors.judge(user.id, { totp, recoveryCode });
  }

  /** Logs the refusal, and records it for a known user. */
  #refused(user: User | null, cause: Cause, origin: Origin): void {
    const { address, userAgent, correlationId } = origin;
    this.logger.info('sign-in refused', {
      reason: user ? cause : 'unknown user',
      request_id: correlationId,
      ...(user && { actor_id: user.id }),
    });
    if (!user) return;
    const caller = { orgId: user.personalOrgId, actorType: 'user', actorId: user.id };
    const refusal = { caller, action: null, cause, address, userAgent, correlationId };
    // A page learns from this refusal that it must ask for a code, so honest people cause one at each sign-in.
    if (cause === 'missing-code')
      this.refusals.noteUnless(async (since) => this.#isSignedIn(user, { address, since }), refusal);
    else this.refusals.note(refusal);
  }

  /** Tells whether somebody at this address has proved since then to be the user, and is signed in. */
  async #isSignedIn({ id }: User, { address, since }: { address: string; since: string }): Promise<boolean> {
    const sessions = await this.sessions.listOf(id);
    return sessions.some((session) => session.address === address && session.authenticatedAt > since);
  }
}
