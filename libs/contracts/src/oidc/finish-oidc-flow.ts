import { Redacted } from '#libs/kernel';
import * as v from 'valibot';
import { defineMessage } from '../message';
import { originFields } from '../sessions/origin';
import { startedSessionFields } from '../sessions/session-view';
import { ticketFields } from '../users/sign-up';

/**
 * Takes what the provider sent the browser back with, once, and begins or renews a session. Fails with NOT_FOUND when there
 * is no provider, or for a ticket that is not good; AUTHENTICATION_REQUIRED whatever is wrong with the proof;
 * PROVIDER_UNAVAILABLE; and for a person not known yet with EMAIL_NOT_VERIFIED, SIGN_UP_CLOSED, FORBIDDEN, EMAIL_TAKEN.
 */
export const finishOidcFlow = defineMessage({
  name: 'finish-oidc-flow',
  kind: 'command',
  request: v.strictObject({
    /** What `begin-oidc-…` gave; null when the browser kept nothing. */
    flow: v.nullable(v.instance(Redacted<string>)),
    code: v.instance(Redacted<string>),
    state: v.instance(Redacted<string>),
    /** Who answers (RFC 9207); null when the provider does not say. */
    issuer: v.nullable(v.string()),
    ...ticketFields,
    ...originFields,
  }),
  reply: v.strictObject({
    ...startedSessionFields,
    /** The session was there before and goes on under another token. */
    isRenewed: v.boolean(),
  }),
});
