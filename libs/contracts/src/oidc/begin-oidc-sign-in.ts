import * as v from 'valibot';
import { defineMessage } from '../message';
import { begunOidcFlowSchema } from './begun-oidc-flow';

/** Begins a sign-in at the company's provider. Fails with NOT_FOUND when there is none, PROVIDER_UNAVAILABLE. */
export const beginOidcSignIn = defineMessage({
  name: 'begin-oidc-sign-in',
  kind: 'command',
  request: v.strictObject({}),
  reply: begunOidcFlowSchema,
});
