import { Controller } from '@nestjs/common';
import {
  confirmTotp,
  disableTotp,
  enrolTotp,
  renewRecoveryCodes,
  type ReplyOf,
  type RequestOf,
} from '#libs/contracts';
import { AppError, type Redacted } from '#libs/kernel';
import { Handles, type MessageContext } from '#libs/transport';
import { originOf, SignInTrail } from '../sessions/sign-in-trail';
import { Lockouts } from '../sign-in/lockouts';
import { MeViews } from '../users/me-views';
import { RecoveryCodes } from './recovery-codes';
import { SecondFactors } from './second-factors';
import { Totp } from './totp';

type Changed = {
  readonly credential: 'totp' | 'recovery-codes';
  readonly change: 'added' | 'changed' | 'removed';
};

@Controller()
export class TotpHandler {
  constructor(
    private readonly lockouts: Lockouts,
    private readonly recoveryCodes: RecoveryCodes,
    private readonly secondFactors: SecondFactors,
    private readonly totp: Totp,
    private readonly trail: SignInTrail,
    private readonly views: MeViews,
  ) {}

  @Handles(enrolTotp)
  async enrol({ caller }: RequestOf<typeof enrolTotp>): Promise<ReplyOf<typeof enrolTotp>> {
    const user = await this.views.callerOf(caller);
    const enrolled = await this.totp.enrol(user);
    await this.secondFactors.assertThere(user);
    return enrolled;
  }

  /** May be sent again, with another code, until it was answered: the secret counts once all else is done. */
  @Handles(confirmTotp)
  async confirm(
    request: RequestOf<typeof confirmTotp>,
    context: MessageContext,
  ): Promise<ReplyOf<typeof confirmTotp>> {
    const user = await this.views.callerOf(request.caller);
    const secret = await this.demandCode(user.id, request.totp);
    await this.tell(request, context, { credential: 'totp', change: 'added' });
    const recoveryCodes = await this.recoveryCodes.renew(user.id);
    await this.totp.enable(user.id, secret);
    await this.secondFactors.assertThere(user);
    return { recoveryCodes };
  }

  @Handles(disableTotp)
  async disable(
    request: RequestOf<typeof disableTotp>,
    context: MessageContext,
  ): Promise<Record<string, never>> {
    const user = await this.views.callerOf(request.caller);
    if (!(await this.totp.isEnabled(user.id))) return {};
    await this.tell(request, context, { credential: 'totp', change: 'removed' });
    await this.secondFactors.removeAll(user.id);
    return {};
  }

  @Handles(renewRecoveryCodes)
  async renew(
    request: RequestOf<typeof renewRecoveryCodes>,
    context: MessageContext,
  ): Promise<ReplyOf<typeof renewRecoveryCodes>> {
    const user = await this.views.callerOf(request.caller);
    if (!(await this.totp.isEnabled(user.id))) throw new AppError('NOT_FOUND');
    await this.tell(request, context, { credential: 'recovery-codes', change: 'changed' });
    const recoveryCodes = await this.recoveryCodes.renew(user.id);
    await this.secondFactors.assertThere(user);
    return { recoveryCodes };
  }

  /** Gives the secret that the code is of, for `enable`. */
  private async demandCode(userId: string, code: Redacted<string>): Promise<string> {
    const attempt = await this.lockouts.attempt('session', userId);
    const secret = await this.totp.verifyEnrolled(userId, code).catch(async (error: unknown) => {
      await attempt.forgiven();
      throw error;
    });
    if (secret !== null) {
      await attempt.succeeded();
      return secret;
    }
    const message = 'is not the code of this moment; check the clock of the device';
    throw new AppError('VALIDATION_FAILED', {
      safeMessage: `Validation failed: totp ${message}`,
      details: [{ field: 'totp', message }],
    });
  }

  private async tell(
    request: RequestOf<typeof disableTotp>,
    context: MessageContext,
    data: Changed,
  ): Promise<void> {
    const { orgId, actorId } = request.caller;
    const person = { userId: actorId, personalOrgId: orgId };
    await this.trail.record(person, originOf(request, context), { type: 'CredentialChanged', data });
  }
}
