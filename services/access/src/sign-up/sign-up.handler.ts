import { Controller } from '@nestjs/common';
import { signUp, type ReplyOf, type RequestOf } from '#libs/contracts';
import { AppError, invalid, isAppError } from '#libs/kernel';
import { Handles, type MessageContext } from '#libs/transport';
import { passwordComplaint } from '../passwords/password-rules';
import { Passwords } from '../passwords/passwords';
import { originOf } from '../sessions/sign-in-trail';
import { NewSessions } from '../sign-in/new-sessions';
import { Proofs } from '../sign-in/proofs';
import { canonicalEmail } from '../users/canonical-email';
import { Users, type User } from '../users/users';
import { NewUsers, type Credential, type Enter } from './new-users';
import { SignUpTickets } from './sign-up-tickets';

type Request = RequestOf<typeof signUp>;

@Controller()
export class SignUpHandler {
  constructor(
    private readonly newSessions: NewSessions,
    private readonly newUsers: NewUsers,
    private readonly passwords: Passwords,
    private readonly proofs: Proofs,
    private readonly tickets: SignUpTickets,
    private readonly users: Users,
  ) {}

  @Handles(signUp)
  async handle(request: Request, context: MessageContext): Promise<ReplyOf<typeof signUp>> {
    const emailCanonical = canonicalEmail(request.email);
    const holds = await this.passwords.watch(await this.users.findByEmail(emailCanonical));
    const come = (enter: Enter) => this.#come(request, enter, context);
    const user = await this.tickets.admit(request, { emailCanonical, come }, context);
    const origin = originOf(request, context);
    return this.newSessions.start(user, origin, { method: 'sign-up', secondFactor: null, holds });
  }

  async #come(request: Request, enter: Enter, context: MessageContext): Promise<User> {
    const { email, name, password } = request;
    const complaint = passwordComplaint(password, email); // 1. check the password
    if (complaint !== null) throw invalid([{ field: 'password', message: complaint }]);
    const hash = await this.passwords.hash(password);
    const credential: Credential = {
      keep: (credentialsId) => this.passwords.keep(credentialsId, hash),
      remove: (credentialsId) => this.passwords.remove(credentialsId),
      recognise: (user) => this.#recognise(user, request, context),
    };
    // 2. make the user, one per address, or recognise an earlier attempt
    return this.newUsers.make({ email, name, credential, enter }, context);
  }

  /**
   * Lets a person repeat a request that may have succeeded, if the password matches. Fails with EMAIL_TAKEN otherwise.
   */
  async #recognise(user: User, request: Request, context: MessageContext): Promise<void> {
    const proof = { password: request.password, totp: null, recoveryCode: null };
    const subject = { kind: 'sign-in', id: user.emailCanonical } as const;
    const origin = originOf(request, context);
    await this.proofs.demand(user, subject, { proof, origin }).catch((error: unknown) => {
      const isTaken =
        isAppError(error, 'AUTHENTICATION_REQUIRED') || isAppError(error, 'SECOND_FACTOR_REQUIRED');
      throw isTaken ? new AppError('EMAIL_TAKEN') : error;
    });
  }
}
