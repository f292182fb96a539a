import { Inject, Injectable } from '@nestjs/common';
import { AppError, isAppError, newCommandId, type Clock, type Redacted } from '#libs/kernel';
import type { MessageContext } from '#libs/transport';
import type { AccessConfig } from '../config';
import { Joining } from '../members/joining';
import { CLOCK, CONFIG, FORGET_FIRST_KEY } from '../tokens';
import type { User } from '../users/users';
import { FirstOwner } from './first-owner';

/** What somebody shows who is not known yet; at most one of the two. */
export interface Ticket {
  readonly signUpToken: Redacted<string> | null;
  readonly invitationToken: Redacted<string> | null;
}

/** Who comes with a ticket. */
interface Newcomer {
  readonly emailCanonical: string;
  /** This person needs no ticket. */
  readonly isOpen?: boolean;
  /** Makes the person known, or finds them; repeated for the same person it makes no second one. */
  readonly come: () => Promise<User>;
}

/** Decides who may become known, and lets them in where their ticket says. */
@Injectable()
export class SignUpTickets {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: AccessConfig,
    @Inject(FORGET_FIRST_KEY) private readonly forgetFirstKey: () => Promise<void>,
    private readonly firstOwner: FirstOwner,
    private readonly joining: Joining,
  ) {}

  /**
   * Gives the person, who is where the ticket says. Nobody becomes known, and nothing is used up, when it fails with
   * SIGN_UP_CLOSED without a ticket, NOT_FOUND for one that is not good, FORBIDDEN for one that was meant for another
   * address. Repeated for the same person it changes nothing.
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
      const owner = await this.firstOwner.admit(signUpToken, come, context);
      // Whoever has an account needs no copy of a key on the disk.
      await this.forgetFirstKey();
      return owner;
    }
    if (invitationToken) {
      // It is for one address, and an address has one person: those who hold it at once are no two.
      await this.joining.check(invitationToken, emailCanonical);
      const user = await come();
      await this.#join(user, invitationToken, context);
      return user;
    }
    if (!isOpen && !this.config.openSignUp) throw new AppError('SIGN_UP_CLOSED');
    return come();
  }

  async #join(user: User, token: Redacted<string>, context: MessageContext): Promise<void> {
    const join = { user, token, commandId: newCommandId(this.clock.now()) };
    await this.joining.join(join, context).catch((error: unknown) => {
      if (!isAppError(error, 'ALREADY_MEMBER')) throw error;
    });
  }
}
