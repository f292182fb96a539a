import { Redacted } from '#libs/kernel';
import type { ReauthenticateBody, TicketBody } from './sign-in.dto';

/** What the bodies of signing in say, as the messages carry it. */

/** What proves who somebody is. */
export function proofOf({ password, totp, recovery_code: recoveryCode }: ReauthenticateBody) {
  return { password: new Redacted(password), totp: redacted(totp), recoveryCode: redacted(recoveryCode) };
}

/** What lets somebody in who is not known yet. */
export function ticketsOf({ sign_up_token: signUpToken, invitation_token: invitationToken }: TicketBody) {
  return { signUpToken: redacted(signUpToken), invitationToken: redacted(invitationToken) };
}

function redacted(text: string | undefined): Redacted<string> | null {
  return text === undefined ? null : new Redacted(text);
}
