import type { Redacted } from '#libs/kernel';

export interface InvitationMail {
  readonly to: string;
  /** Its name. */
  readonly organization: string;
  /** Opens the door: to be mailed and written nowhere else. */
  readonly link: Redacted<string>;
}

/** Sends mail to people. Never rejects: a mail that cannot be sent is logged and fails nothing, the link was shown to who invited. */
export interface Mailer {
  invite(mail: InvitationMail): Promise<void>;
}

/** Without a mail server nothing is sent. */
export const noMailer: Mailer = { invite: async () => undefined };
