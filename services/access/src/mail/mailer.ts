import type { Redacted } from '#libs/kernel';

export interface InvitationMail {
  readonly to: string;
  /** Its name. */
  readonly organization: string;
  /** Opens the door: to be mailed and written nowhere else. */
  readonly link: Redacted<string>;
  /** ISO 8601, UTC. */
  readonly expiresAt: string;
}

/** Sends mail to people. */
export interface Mailer {
  /**
   * True when a mail server has taken the mail. False when it has not, or not yet: the link was shown to who invited.
   * Never rejects, and gives up waiting after two seconds.
   */
  invite(mail: InvitationMail): Promise<boolean>;
}

/** Without a mail server nothing is sent. */
export const noMailer: Mailer = { invite: async () => false };
