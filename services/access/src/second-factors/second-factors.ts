import { Injectable } from '@nestjs/common';
import { AppError, type Redacted } from '#libs/kernel';
import { Users, type User } from '../users/users';
import { RecoveryCodes } from './recovery-codes';
import { Totp } from './totp';

export type SecondFactor = 'totp' | 'recovery-code';

interface Presented {
  readonly totp: Redacted<string> | null;
  readonly recoveryCode: Redacted<string> | null;
}

/** Judges the second factor of a person who has set one up. */
@Injectable()
export class SecondFactors {
  constructor(
    private readonly recoveryCodes: RecoveryCodes,
    private readonly totp: Totp,
    private readonly users: Users,
  ) {}

  /**
   * Gives in `right` the factor that was used; null when none is set up. A right code is used up. Fails with
   * SECOND_FACTOR_REQUIRED when one is needed and none was sent.
   */
  async judge(
    userId: string,
    { totp, recoveryCode }: Presented,
  ): Promise<{ right: SecondFactor | null } | { wrong: 'wrong-code' }> {
    if (!(await this.totp.isEnabled(userId))) return { right: null };
    if (totp) return (await this.totp.verify(userId, totp)) ? { right: 'totp' } : { wrong: 'wrong-code' };
    if (!recoveryCode) throw new AppError('SECOND_FACTOR_REQUIRED');
    const isRight = await this.recoveryCodes.use(userId, recoveryCode);
    return isRight ? { right: 'recovery-code' } : { wrong: 'wrong-code' };
  }

  /**
   * Removes the second factors and fails with NOT_FOUND when the user was erased meanwhile. To be called after each
   * write.
   */
  async assertThere(user: User): Promise<void> {
    if (await this.users.isThere(user)) return;
    await this.removeAll(user.id);
    throw new AppError('NOT_FOUND');
  }

  async removeAll(userId: string): Promise<void> {
    await this.totp.remove(userId);
    await this.recoveryCodes.removeAll(userId);
  }
}
