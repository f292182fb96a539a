import { Controller } from '@nestjs/common';
import { changePassword, type ReplyOf, type RequestOf } from '#libs/contracts';
import { invalid, isAppError, type Redacted } from '#libs/kernel';
import { Handles, type MessageContext } from '#libs/transport';
import { passwordComplaint } from '../passwords/password-rules';
import { Passwords } from '../passwords/passwords';
import { Sessions } from '../sessions/sessions';
import { originOf, personOf, SignInTrail, type Origin } from '../sessions/sign-in-trail';
import { Users, type User } from '../users/users';
import { Proofs } from './proofs';

@Controller()
export class ChangePasswordHandler {
  constructor(
    private readonly passwords: Passwords,
    private readonly proofs: Proofs,
    private readonly sessions: Sessions,
    private readonly trail: SignInTrail,
    private readonly users: Users,
  ) {}

  @Handles(changePassword)
  async handle(
    request: RequestOf<typeof changePassword>,
    context: MessageContext,
  ): Promise<ReplyOf<typeof changePassword>> {
    const { caller, currentPassword, password, sessionId } = request;
    const user = await this.users.callerOf(caller);
    const origin = originOf(request, context);
    const hadOne = await this.passwords.has(user);
    // One that is sent is looked at, though there is none: the gateway asks for no other proof then.
    if (hadOne || currentPassword) await this.demandCurrent(user, currentPassword, origin);
    const complaint = passwordComplaint(password, user.email);
    if (complaint !== null) throw invalid([{ field: 'password', message: complaint }]);
    const hash = await this.passwords.hash(password);
    const person = personOf(user);
    const change = hadOne ? ('changed' as const) : ('added' as const);
    const credential = 'password' as const;
    // Whoever knew the old one is out; the person goes on with another token.
    await this.sessions.endThose(
      user.id,
      (session) => session.sessionId !== sessionId,
      async (sessionIds) => {
        await this.trail.record(person, origin, { type: 'CredentialChanged', data: { credential, change } });
        await this.trail.signedOut(person, origin, { sessionIds, cause: 'password-changed' });
        await this.passwords.keep(user.credentialsId, hash);
      },
    );
    return this.sessions.renew(user.id, sessionId);
  }

  /** Counted like any other proof of who has a session: a session alone must not be enough to guess a password. */
  private async demandCurrent(user: User, current: Redacted<string> | null, origin: Origin): Promise<void> {
    if (!current) throw invalid([{ field: 'current_password', message: 'is missing' }]);
    await this.proofs.demandPassword(user, current, origin).catch((error: unknown) => {
      const isWrong = isAppError(error, 'AUTHENTICATION_REQUIRED');
      throw isWrong ? invalid([{ field: 'current_password', message: 'is not right' }]) : error;
    });
  }
}
