import { Inject, Injectable } from '@nestjs/common';
import { AppError, type Redacted } from '#libs/kernel';
import type { Logger } from '#libs/observability';
import { Lockouts, type Subject } from '../lockouts/lockouts';
import { PasswordHasher } from '../passwords/password-hasher';
import { Passwords } from '../passwords/passwords';
import { RefusalRecords } from '../refusals/refusal-records';
import { SecondFactors, type SecondFactor } from '../second-factors/second-factors';
import type { Origin } from '../sessions/sign-in-trail';
import { LOGGER } from '../tokens';
import type { User } from '../users/users';

/** What somebody sent to prove who they are. */
export interface Proof {
  readonly password: Redacted<string>;
  readonly totp: Redacted<string> | null;
  readonly recoveryCode: Redacted<string> | null;
}

type Verdict = { readonly right: SecondFactor | null } | { readonly wrong: 'password' | 'code' };

/** Decides whether somebody is who they say. */
@Injectable()
export class Proofs {
  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    private readonly hasher: PasswordHasher,
    private readonly lockouts: Lockouts,
    private readonly passwords: Passwords,
    private readonly refusals: RefusalRecords,
    private readonly secondFactors: SecondFactors,
  ) {}

  /**
   * Gives the second factor that was used; null where none is asked for. Fails with AUTHENTICATION_REQUIRED, the same
   * and after the same time whatever was wrong and whether there is such a user; with SECOND_FACTOR_REQUIRED once the
   * password is right; with RATE_LIMITED after too many failures or under a flood.
   */
  async demand(
    user: User | null,
    subject: Subject,
    { proof, origin }: { proof: Proof; origin: Origin },
  ): Promise<SecondFactor | null> {
    // Who cannot be looked at now must not be counted.
    this.hasher.assertRoom();
    const verdict = await this.lockouts.judged(subject, () => this.judge(user, proof));
    if ('right' in verdict) return verdict.right;
    throw this.refused(user, verdict.wrong, origin);
  }

  private async judge(user: User | null, { password, totp, recoveryCode }: Proof): Promise<Verdict> {
    const isRight = await this.passwords.verify(user, password);
    if (!user || !isRight) return { wrong: 'password' };
    return this.secondFactors.judge(user.id, { totp, recoveryCode });
  }

  private refused(user: User | null, wrong: 'password' | 'code', origin: Origin): AppError {
    const { address, userAgent, correlationId } = origin;
    this.logger.info('sign-in refused', {
      reason: user ? `wrong ${wrong}` : 'unknown user',
      request_id: correlationId,
      ...(user && { actor_id: user.id }),
    });
    if (user) {
      const caller = { orgId: user.personalOrgId, actorType: 'user', actorId: user.id };
      const cause = `wrong-${wrong}` as const;
      this.refusals.note({ caller, action: null, cause, address, userAgent, correlationId });
    }
    return new AppError('AUTHENTICATION_REQUIRED');
  }
}
