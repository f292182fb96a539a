import { Redacted } from '#libs/kernel';
import * as v from 'valibot';
import { defineMessage } from '../message';
import { originFields } from '../sessions/origin';
import { startedSessionFields } from '../sessions/session-view';
import { ticketFields } from '../users/sign-up';

/**
 * Finishes a flow with what the provider sent back by the browser, and begins or renews a session. Works once. Fails
 * with NOT_FOUND when there is no provider, or for an invalid ticket; AUTHENTICATION_REQUIRED whatever is wrong with
 * the proof; PROVIDER_UNAVAILABLE; and for a new person with EMAIL_NOT_VERIFIED, SIGN_UP_CLOSED, FORBIDDEN,
 * EMAIL_TAKEN.
 */
export const finishOidcFlow = defineMessage({
  name: 'finish-oidc-flow',
  kind: 'command',
  request: v.strictObject({
    /** The `flow` that `begin-oidc-…` gave; null when the browser sent no cookie. */
    flow: v.nullable(v.instance(Redacted<string>)),
    code: v.instance(Redacted<string>),
    state: v.instance(Redacted<string>),
    /** The provider's `iss` parameter (RFC 9207); null when it sends none. */
    issuer: v.nullable(v.string()),
    ...ticketFields,
    ...originFields,
  }),
  reply: v.strictObject({
    ...startedSessionFields,
    /** True when an existing session got another token. */
    isRenewed: v.boolean(),
  }),
});
