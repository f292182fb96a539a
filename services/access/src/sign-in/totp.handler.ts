import { Controller } from '@nestjs/common';
import {
  confirmTotp,
  disableTotp,
  enrolTotp,
  renewRecoveryCodes,
  type ReplyOf,
  type RequestOf,
} from '#libs/contracts';
import { AppError, invalid, isAppError } from '#libs/kernel';
import { Handles, type MessageContext } from '#libs/transport';
import { RecoveryCodes } from '../second-factors/recovery-codes';
import { SecondFactors } from '../second-factors/second-factors';
import { Totp } from '../second-factors/totp';
import { originOf, personOf, SignInTrail, type Origin } from '../sessions/sign-in-trail';
import { Users, type User } from '../users/users';
import { Proofs } from './proofs';

type Changed = {
  readonly credential: 'totp' | 'recovery-codes';
  readonly change: 'added' | 'changed' | 'removed';
};

@Controller()
export class TotpHandler {
  constructor(
    private readonly proofs: Proofs,
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
    const origin = originOf(request, context);
    const secret = await this.#demandCode(user, request, origin);
    await this.#tell(user, origin, { credential: 'totp', change: 'added' });
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
  async #demandCode(user: User, { totp }: RequestOf<typeof confirmTotp>, origin: Origin): Promise<string> {
    const judge = () => this.totp.judgeEnrolled(user.id, totp);
    return this.proofs.demandEnrolled(user, judge, origin).catch((error: unknown) => {
      const message = 'is not the code of this moment; check the clock of the device';
      throw isAppError(error, 'AUTHENTICATION_REQUIRED') ? invalid([{ field: 'totp', message }]) : error;
    });
  }

  async #tell(user: User, origin: Origin, data: Changed): Promise<void> {
    await this.trail.record(personOf(user), origin, { type: 'CredentialChanged', data });
  }
}
