import * as v from 'valibot';
import { defineMessage } from '../message';

/** The ways to sign in that this installation offers, the same for everybody. */
export const getSignInMethods = defineMessage({
  name: 'get-sign-in-methods',
  kind: 'query',
  request: v.strictObject({}),
  reply: v.strictObject({ oidc: v.boolean(), passkeys: v.boolean(), open_sign_up: v.boolean() }),
});
