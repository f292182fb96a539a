import { Controller } from '@nestjs/common';
import { changePassword, type ReplyOf, type RequestOf } from '#libs/contracts';
import { AppError, invalid, isAppError, type Redacted } from '#libs/kernel';
import { Handles, type MessageContext } from '#libs/transport';
import { passwordComplaint } from '../passwords/password-rules';
import { Passwords } from '../passwords/passwords';
import type { SessionRecord } from '../sessions/session-records';
import { Sessions } from '../sessions/sessions';
import { originOf, personOf, SignInTrail, type Origin } from '../sessions/sign-in-trail';
import { Turns } from '../turns';
import { Users, type User } from '../users/users';
import { Proofs } from './proofs';

type Request = RequestOf<typeof changePassword>;

@Controller()
export class ChangePasswordHandler {
  readonly #turns = new Turns();

  constructor(
    private readonly passwords: Passwords,
    private readonly proofs: Proofs,
    private readonly sessions: Sessions,
    private readonly trail: SignInTrail,
    private readonly users: Users,
  ) {}

  @Handles(changePassword)
  async handle(request: Request, context: MessageContext): Promise<ReplyOf<typeof changePassword>> {
    const { caller, currentPassword, password, sessionId } = request;
    const user = await this.users.callerOf(caller);
    const origin = originOf(request, context);
    const holds = await this.passwords.watch(user);
    const hadOne = await this.passwords.has(user);
    // One that is sent is looked at, though there is none: the gateway asks for no other proof then.
    if (hadOne || currentPassword) await this.#demandCurrent(user, currentPassword, origin);
    const complaint = passwordComplaint(password, user.email);
    if (complaint !== null) throw invalid([{ field: 'password', message: complaint }]);
    const hash = await this.passwords.hash(password);
    const change = hadOne ? ('changed' as const) : ('added' as const);
    const data = { credential: 'password' as const, change };
    // In turn: of two who know the old one, the second does not know it any more.
    await this.#turns.take(user.id, async () => {
      if (!(await holds())) throw invalid([{ field: 'current_password', message: 'is not right' }]);
      const person = personOf(user);
      const others = (session: SessionRecord) => session.sessionId !== sessionId;
      const signedOut = (sessionIds: readonly string[]) =>
        this.trail.signedOut(person, origin, { sessionIds, cause: 'password-changed' });
      // Whoever knew the old one is out before there is a new one: until then the person can send the same again.
      await this.sessions.endThose(user.id, others, async (sessionIds) => {
        await this.trail.record(person, origin, { type: 'CredentialChanged', data });
        await signedOut(sessionIds);
      });
      await this.#keep(user, hash);
      // And who came in between.
      await this.sessions.endThose(user.id, others, signedOut);
    });
    // The person goes on with another token.
    return this.sessions.renew(user.id, sessionId);
  }

  /** NOT_FOUND for who was erased in the meantime. */
  async #keep(user: User, hash: string): Promise<void> {
    await this.passwords.keep(user.credentialsId, hash);
    if (await this.users.isThere(user)) return;
    await this.passwords.remove(user.credentialsId);
    throw new AppError('NOT_FOUND');
  }

  /** Counted like any other proof of who has a session: a session alone must not be enough to guess a password. */
  async #demandCurrent(user: User, current: Redacted<string> | null, origin: Origin): Promise<void> {
    if (!current) throw invalid([{ field: 'current_password', message: 'is missing' }]);
    await this.proofs.demandPassword(user, current, origin).catch((error: unknown) => {
      const isWrong = isAppError(error, 'AUTHENTICATION_REQUIRED');
      throw isWrong ? invalid([{ field: 'current_password', message: 'is not right' }]) : error;
    });
  }
}
