import { Inject, Injectable } from '@nestjs/common';
import { AppError, isAppError, newCommandId, type Redacted } from '#libs/kernel';
import type { MessageContext } from '#libs/transport';
import type { AccessConfig } from '../config';
import { Joining } from '../members/joining';
import { CONFIG, FORGET_FIRST_KEY } from '../tokens';
import type { User } from '../users/users';
import { FirstOwner } from './first-owner';

/** What somebody shows who is not known yet; at most one of the two. */
export interface Ticket {
  readonly signUpToken: Redacted<string> | null;
  readonly invitationToken: Redacted<string> | null;
}

/** Decides who may become known, and lets them in where their ticket says. */
@Injectable()
export class SignUpTickets {
  constructor(
    @Inject(CONFIG) private readonly config: AccessConfig,
    @Inject(FORGET_FIRST_KEY) private readonly forgetFirstKey: () => Promise<void>,
    private readonly firstOwner: FirstOwner,
    private readonly joining: Joining,
  ) {}

  /**
   * Nothing is used up yet. Fails with SIGN_UP_CLOSED without a ticket, NOT_FOUND for one that is not good, FORBIDDEN for
   * one that was meant for another address. `isOpen`: this person needs no ticket.
   */
  async check(
    { signUpToken, invitationToken }: Ticket,
    emailCanonical: string,
    isOpen = false,
  ): Promise<void> {
    if (signUpToken && invitationToken) {
      const safeMessage = 'Send a sign-up token or an invitation token, not both';
      throw new AppError('MALFORMED_REQUEST', { safeMessage });
    }
    if (signUpToken) {
      if (!(await this.firstOwner.isGood(signUpToken))) throw notGood();
    } else if (invitationToken) {
      await this.joining.check(invitationToken, emailCanonical);
    } else if (!isOpen && !this.config.openSignUp) {
      throw new AppError('SIGN_UP_CLOSED');
    }
  }

  /** Repeated for the same person it changes nothing. */
  async use(
    { signUpToken, invitationToken: token }: Ticket,
    user: User,
    context: MessageContext,
  ): Promise<void> {
    if (signUpToken) {
      await this.firstOwner.become(user.id, context);
      // Whoever has an account needs no copy of a key on the disk.
      await this.forgetFirstKey();
    } else if (token) {
      const join = { user, token, commandId: newCommandId() };
      await this.joining.join(join, context).catch((error: unknown) => {
        if (!isAppError(error, 'ALREADY_MEMBER')) throw error;
      });
    }
  }
}

function notGood(): AppError {
  const safeMessage =
    'This sign-up link does not exist, or was used; the server prints one at its start while it needs an owner';
  return new AppError('NOT_FOUND', { safeMessage });
}
