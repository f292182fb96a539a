import { getMe, getSignInMethods, listSessions } from '#libs/contracts';
import * as v from 'valibot';
import { described } from '../openapi/described';

/** The answers of the routes for signing in, as the OpenAPI document describes them. */

export const startedSessionReply = v.strictObject({
  data: described('StartedSession', v.strictObject({ expires_at: v.string() }), {
    expires_at: 'When it ends at the latest; a quarter of an hour without a request ends it, too.',
  }),
});

export const begunOidcFlowReply = v.strictObject({
  data: described('BegunOidcFlow', v.strictObject({ url: v.string() }), {
    url: 'Where the browser goes: to the provider.',
  }),
});

export const methodsReply = v.strictObject({
  data: described('SignInMethods', getSignInMethods.reply, {
    open_sign_up: 'Whether it takes no invitation.',
  }),
});

export const meReply = v.strictObject({
  data: described('Me', getMe.reply.entries.data, {
    has_password: 'False for who signs in another way only.',
    has_oidc: 'Whether single sign-on lets you in.',
    totp_enabled: 'Whether signing in asks for a code.',
  }),
});

export const sessionsReply = v.strictObject({
  data: v.array(
    described('Session', listSessions.reply.entries.data.item, {
      current: 'The one that asks.',
      last_seen_at: 'To the minute.',
    }),
  ),
});

export const totpSecretReply = v.strictObject({
  data: described('TotpSecret', v.strictObject({ secret: v.string(), uri: v.string() }), {
    secret: 'Shown this once, in base 32.',
    uri: 'The same for a QR code: otpauth://…',
  }),
});

export const recoveryCodesReply = v.strictObject({
  data: described('RecoveryCodes', v.strictObject({ recovery_codes: v.array(v.string()) }), {
    recovery_codes: 'Shown this once; each works once.',
  }),
});
