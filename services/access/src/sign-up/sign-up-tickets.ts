import { Inject, Injectable } from '@nestjs/common';
import { AppError, type Redacted } from '#libs/kernel';
import type { MessageContext } from '#libs/transport';
import type { AccessConfig } from '../config';
import { Joining } from '../members/joining';
import { CONFIG, FORGET_FIRST_KEY } from '../tokens';
import { Users, type User } from '../users/users';
import { FirstOwner } from './first-owner';
import type { Enter } from './new-users';

/** The tokens that allow a person to sign up. At most one of them is set. */
export interface Ticket {
  readonly signUpToken: Redacted<string> | null;
  readonly invitationToken: Redacted<string> | null;
}

/** The person who signs up. */
interface Newcomer {
  readonly emailCanonical: string;
  /** True for a person who needs no ticket. */
  readonly isOpen?: boolean;
  /**
   * Makes or finds the user, and calls `enter` before it writes a new user's record, and for a known user once they are
   * recognised. Repeated for the same person, it makes no second user.
   */
  readonly come: (enter: Enter) => Promise<User>;
}

/** For a person who comes without an invitation. */
const freely: Enter = async () => null;

/** Decides who may sign up, and uses their ticket. */
@Injectable()
export class SignUpTickets {
  constructor(
    @Inject(CONFIG) private readonly config: AccessConfig,
    @Inject(FORGET_FIRST_KEY) private readonly forgetFirstKey: () => Promise<void>,
    private readonly firstOwner: FirstOwner,
    private readonly joining: Joining,
    private readonly users: Users,
  ) {}

  /**
   * Gives the user, after the ticket was used. Fails with SIGN_UP_CLOSED without a ticket, NOT_FOUND for an invalid
   * one, and FORBIDDEN for one for another address; then no user is made and nothing is used up. May be repeated for
   * the same person.
   */
  async admit(
    { signUpToken, invitationToken }: Ticket,
    { emailCanonical, isOpen = false, come }: Newcomer,
    context: MessageContext,
  ): Promise<User> {
    if (signUpToken && invitationToken) {
      const safeMessage = 'Send a sign-up token or an invitation token, not both';
      throw new AppError('MALFORMED_REQUEST', { safeMessage });
    }
    if (signUpToken) {
      const owner = await this.firstOwner.admit(signUpToken, () => come(freely), context);
      // An owner who can sign in does not need the first API key on the disk.
      await this.forgetFirstKey();
      return owner;
    }
    if (invitationToken) {
      // An invitation is for one address and an address has one user, so parallel requests cannot make two users.
      const holder = await this.users.holderOf(emailCanonical);
      await this.joining.check(invitationToken, emailCanonical, holder);
      return come((person) => this.joining.enter(person, invitationToken, context));
    }
    if (!isOpen && !this.config.openSignUp) throw new AppError('SIGN_UP_CLOSED');
    return come(freely);
  }
}
