import { Injectable } from '@nestjs/common';
import { AppError, type Redacted } from '#libs/kernel';
import { RecoveryCodes } from './recovery-codes';
import { Totp } from './totp';

export type SecondFactor = 'totp' | 'recovery-code';

interface Presented {
  readonly totp: Redacted<string> | null;
  readonly recoveryCode: Redacted<string> | null;
}

/** What is asked for besides the password, of those who have set it up. */
@Injectable()
export class SecondFactors {
  constructor(
    private readonly recoveryCodes: RecoveryCodes,
    private readonly totp: Totp,
  ) {}

  /**
   * `right` is what was used; null: nothing is asked for. A code that was right is used up. Fails with
   * SECOND_FACTOR_REQUIRED when one is asked for and none was sent.
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

  async removeAll(userId: string): Promise<void> {
    await this.totp.remove(userId);
    await this.recoveryCodes.removeAll(userId);
  }
}
