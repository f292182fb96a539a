import { Controller } from '@nestjs/common';
import { changePassword, type ReplyOf, type RequestOf } from '#libs/contracts';
import { AppError, invalid, isAppError } from '#libs/kernel';
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
    // This comes before the first hash, because a request that cannot succeed must cost almost nothing.
    const complaint = passwordComplaint(password, user.email);
    if (complaint !== null) throw invalid([{ field: 'password', message: complaint }]);
    const origin = originOf(request, context);
    const holds = await this.passwords.watch(user);
    const hadOne = await this.passwords.has(user);
    // A current password is checked even for a person who has none, because the gateway then demands no other proof.
    const isKept = (hadOne || currentPassword !== null) && (await this.#demandKnown(user, request, origin));
    const hash = isKept ? null : await this.passwords.hash(password);
    const change = hadOne ? ('changed' as const) : ('added' as const);
    const data = { credential: 'password' as const, change };
    // Changes of one person run one after the other. A second request with the same old password then fails.
    await this.#turns.take(user.id, async () => {
      if (!(await holds())) throw invalid([{ field: 'current_password', message: 'is not right' }]);
      const person = personOf(user);
      const others = (session: SessionRecord) => session.sessionId !== sessionId;
      const signedOut = (sessionIds: readonly string[]) =>
        this.trail.signedOut(person, origin, { sessionIds, cause: 'password-changed' });
      if (hash !== null) {
        // Other sessions end before the new password is stored.
        await this.sessions.endThose(user.id, others, async (sessionIds) => {
          await this.trail.record(person, origin, { type: 'CredentialChanged', data });
          await signedOut(sessionIds);
        });
        await this.#keep(user, hash);
      }
      // This ends sessions that began with the old password in the meantime.
      await this.sessions.endThose(user.id, others, signedOut);
    });
    // The session of this request goes on with a new token.
    return this.sessions.renew(user.id, sessionId);
  }

  /** Stores the hash. Fails with NOT_FOUND, and removes it, for a user who was erased in the meantime. */
  async #keep(user: User, hash: string): Promise<void> {
    await this.passwords.keep(user.credentialsId, hash);
    if (await this.users.isThere(user)) return;
    await this.passwords.remove(user.credentialsId);
    throw new AppError('NOT_FOUND');
  }

  /**
   * Verifies the current password. Gives true when it is the new one: an earlier request has stored it and failed
   * later, and the same request finishes what is left. Failures are counted, so that nobody can guess the password with
   * a stolen session.
   */
  async #demandKnown(user: User, { currentPassword, password }: Request, origin: Origin): Promise<boolean> {
    const known = currentPassword ? [currentPassword, password] : [password];
    const right = await this.proofs.demandPassword(user, known, origin).catch((error: unknown) => {
      const message = currentPassword ? 'is not right' : 'is missing';
      const isWrong = isAppError(error, 'AUTHENTICATION_REQUIRED');
      throw isWrong ? invalid([{ field: 'current_password', message }]) : error;
    });
    return right === password;
  }
}
