import { Redacted } from '#libs/kernel';
import type { ReauthenticateBody, TicketBody } from './sign-in.dto';

/** What the bodies of these requests say, as the messages carry it. */

/** The proof of who somebody is. */
export function proofOf({ password, totp, recovery_code: recoveryCode }: ReauthenticateBody) {
  return { password: new Redacted(password), totp: redacted(totp), recoveryCode: redacted(recoveryCode) };
}

/** The tokens that let somebody in who is not known yet. */
export function ticketsOf({ sign_up_token: signUpToken, invitation_token: invitationToken }: TicketBody) {
  return { signUpToken: redacted(signUpToken), invitationToken: redacted(invitationToken) };
}

function redacted(text: string | undefined): Redacted<string> | null {
  return text === undefined ? null : new Redacted(text);
}
