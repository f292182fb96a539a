import type { Redacted } from '#libs/kernel';

export interface InvitationMail {
  readonly to: string;
  /** The name of the organization. */
  readonly organization: string;
  /** The link lets its holder in, so it is written nowhere but into the mail. */
  readonly link: Redacted<string>;
  /** ISO 8601, UTC. */
  readonly expiresAt: string;
}

/** Sends mail to people. */
export interface Mailer {
  /**
   * Gives true when a mail server has accepted the mail. Gives false when it has not, or not within two seconds; the
   * inviter has the link in any case. Never rejects.
   */
  invite(mail: InvitationMail): Promise<boolean>;
}

/** The mailer without a mail server. It sends nothing. */
export const noMailer: Mailer = { invite: async () => false };
