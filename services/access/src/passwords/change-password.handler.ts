import { Controller } from '@nestjs/common';
import { changePassword, type ReplyOf, type RequestOf } from '#libs/contracts';
import { AppError, type Redacted } from '#libs/kernel';
import { Handles, type MessageContext } from '#libs/transport';
import { Turns } from '../organizations/turns';
import type { SessionRecord } from '../sessions/session-records';
import { Sessions } from '../sessions/sessions';
import { originOf, SignInTrail } from '../sessions/sign-in-trail';
import { Lockouts } from '../sign-in/lockouts';
import { MeViews } from '../users/me-views';
import { Users, type User } from '../users/users';
import { passwordComplaint } from './password-rules';
import { Passwords } from './passwords';

type Request = RequestOf<typeof changePassword>;

@Controller()
export class ChangePasswordHandler {
  readonly #turns = new Turns();

  constructor(
    private readonly lockouts: Lockouts,
    private readonly passwords: Passwords,
    private readonly sessions: Sessions,
    private readonly trail: SignInTrail,
    private readonly users: Users,
    private readonly views: MeViews,
  ) {}

  @Handles(changePassword)
  async handle(request: Request, context: MessageContext): Promise<ReplyOf<typeof changePassword>> {
    const { caller, currentPassword, password, sessionId } = request;
    const user = await this.views.callerOf(caller);
    const holds = await this.passwords.watch(user);
    const hadOne = await this.passwords.has(user);
    if (hadOne) await this.demandCurrent(user, currentPassword);
    const complaint = passwordComplaint(password, user.email);
    if (complaint !== null) throw refused('password', complaint);
    const hash = await this.passwords.hash(password);
    const change = hadOne ? ('changed' as const) : ('added' as const);
    const data = { credential: 'password' as const, change };
    // In turn: of two who know the old one, the second does not know it any more.
    await this.#turns.take(user.id, async () => {
      if (!(await holds())) throw refused('current_password', 'is not right');
      const person = { userId: user.id, personalOrgId: user.personalOrgId };
      const others = (session: SessionRecord) => session.sessionId !== sessionId;
      const origin = originOf(request, context);
      const signedOut = (sessionIds: readonly string[]) =>
        this.trail.signedOut(person, origin, { sessionIds, cause: 'password-changed' });
      // Whoever knew the old one is out before there is a new one: until then the person can send the same again.
      await this.sessions.endThose(user.id, others, async (sessionIds) => {
        await this.trail.record(person, origin, { type: 'CredentialChanged', data });
        await signedOut(sessionIds);
      });
      await this.keep(user, hash);
      // And who came in between.
      await this.sessions.endThose(user.id, others, signedOut);
    });
    // The person goes on with another token.
    return this.sessions.renew(user.id, sessionId);
  }

  /** NOT_FOUND for who was erased in the meantime. */
  private async keep(user: User, hash: string): Promise<void> {
    await this.passwords.keep(user.credentialsId, hash);
    if (await this.users.isThere(user)) return;
    await this.passwords.remove(user.credentialsId);
    throw new AppError('NOT_FOUND');
  }

  /** Counted like any other proof of who has a session: a session alone must not be enough to guess a password. */
  private async demandCurrent(user: User, current: Redacted<string> | null): Promise<void> {
    if (!current) throw refused('current_password', 'is missing');
    const attempt = await this.lockouts.attempt('session', user.id);
    const isRight = await this.passwords.verify(user, current).catch(async (error: unknown) => {
      await attempt.forgiven();
      throw error;
    });
    if (isRight) return attempt.succeeded();
    throw refused('current_password', 'is not right');
  }
}

function refused(field: string, message: string): AppError {
  return new AppError('VALIDATION_FAILED', {
    safeMessage: `Validation failed: ${field} ${message}`,
    details: [{ field, message }],
  });
}
