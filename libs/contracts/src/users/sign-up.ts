import { Redacted } from '#libs/kernel';
import * as v from 'valibot';
import { defineMessage } from '../message';
import { originFields } from '../sessions/origin';
import { startedSessionSchema } from '../sessions/session-view';

/** What lets somebody in who is not known yet; at most one. */
export const ticketFields = {
  /** The token of the link that a new installation prints. */
  signUpToken: v.nullable(v.instance(Redacted<string>)),
  invitationToken: v.nullable(v.instance(Redacted<string>)),
};

/**
 * Makes a person with an organization of their own, lets them join what the ticket is for and begins a session.
 * Repeated with the same address and password it finishes what was begun. Fails with SIGN_UP_CLOSED, NOT_FOUND for a
 * ticket that is not good, FORBIDDEN for one that was meant for another address, VALIDATION_FAILED, EMAIL_TAKEN.
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
