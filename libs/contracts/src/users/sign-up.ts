import { Redacted } from '#libs/kernel';
import * as v from 'valibot';
import { defineMessage } from '../message';
import { originFields } from '../sessions/origin';
import { startedSessionSchema } from '../sessions/session-view';

/** What admits a new person, at most one of the two. */
export const ticketFields = {
  /** The token of the link that a new installation prints. */
  signUpToken: v.nullable(v.instance(Redacted<string>)),
  invitationToken: v.nullable(v.instance(Redacted<string>)),
};

/**
 * Makes a person with a personal organization, makes them a member where their ticket says, and begins a session.
 * Repeated with the same address and password, it finishes what was begun. Fails with SIGN_UP_CLOSED, NOT_FOUND for an
 * invalid ticket, FORBIDDEN for a ticket of another address, VALIDATION_FAILED, EMAIL_TAKEN, RATE_LIMITED, and
 * AUTHENTICATION_REQUIRED when the person was erased or the password changed meanwhile.
 */
export const signUp = defineMessage({
  name: 'sign-up',
  kind: 'command',
  request: v.strictObject({
    email: v.string(),
    name: v.string(),
    password: v.instance(Redacted<string>),
    ...ticketFields,
    ...originFields,
  }),
  reply: startedSessionSchema,
});
