import { Controller } from '@nestjs/common';
import {
  confirmTotp,
  disableTotp,
  enrolTotp,
  renewRecoveryCodes,
  type ReplyOf,
  type RequestOf,
} from '#libs/contracts';
import { AppError, invalid, type Redacted } from '#libs/kernel';
import { Handles, type MessageContext } from '#libs/transport';
import { Lockouts } from '../lockouts/lockouts';
import { originOf, personOf, SignInTrail, type Origin } from '../sessions/sign-in-trail';
import { Users, type User } from '../users/users';
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
    private readonly users: Users,
  ) {}

  @Handles(enrolTotp)
  async enrol({ caller }: RequestOf<typeof enrolTotp>): Promise<ReplyOf<typeof enrolTotp>> {
    const user = await this.users.callerOf(caller);
    const enrolled = await this.totp.enrol(user);
    await this.secondFactors.assertThere(user);
    return enrolled;
  }

  /**
   * After a failure a client may send this again, with another code, until the secret is enabled, which comes last. After
   * that it fails with NOT_FOUND, even if the answer was lost: the secret no longer waits, because who has a session and
   * a code must not get recovery codes without a new proof. The person renews the codes.
   */
  @Handles(confirmTotp)
  async confirm(
    request: RequestOf<typeof confirmTotp>,
    context: MessageContext,
  ): Promise<ReplyOf<typeof confirmTotp>> {
    const user = await this.users.callerOf(request.caller);
    const secret = await this.#demandCode(user.id, request.totp);
    await this.#tell(user, originOf(request, context), { credential: 'totp', change: 'added' });
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
    const user = await this.users.callerOf(request.caller);
    if (!(await this.totp.isEnabled(user.id))) return {};
    await this.#tell(user, originOf(request, context), { credential: 'totp', change: 'removed' });
    await this.secondFactors.removeAll(user.id);
    return {};
  }

  @Handles(renewRecoveryCodes)
  async renew(
    request: RequestOf<typeof renewRecoveryCodes>,
    context: MessageContext,
  ): Promise<ReplyOf<typeof renewRecoveryCodes>> {
    const user = await this.users.callerOf(request.caller);
    if (!(await this.totp.isEnabled(user.id))) throw new AppError('NOT_FOUND');
    await this.#tell(user, originOf(request, context), { credential: 'recovery-codes', change: 'changed' });
    const recoveryCodes = await this.recoveryCodes.renew(user.id);
    await this.secondFactors.assertThere(user);
    return { recoveryCodes };
  }

  /** Gives the wrapped secret that the code belongs to, for `enable`. */
  async #demandCode(userId: string, code: Redacted<string>): Promise<string> {
    const verdict = await this.lockouts.judged({ kind: 'session', id: userId }, () =>
      this.totp.judgeEnrolled(userId, code),
    );
    if ('right' in verdict) return verdict.right;
    const message = 'is not the code of this moment; check the clock of the device';
    throw invalid([{ field: 'totp', message }]);
  }

  async #tell(user: User, origin: Origin, data: Changed): Promise<void> {
    await this.trail.record(personOf(user), origin, { type: 'CredentialChanged', data });
  }
}
