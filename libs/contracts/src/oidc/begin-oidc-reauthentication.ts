import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';
import { begunOidcFlowSchema } from './begun-oidc-flow';

/**
 * Begins a new proof of the person at the provider, which must be younger than this call. Fails like
 * `begin-oidc-sign-in`.
 */
export const beginOidcReauthentication = defineMessage({
  name: 'begin-oidc-reauthentication',
  kind: 'command',
  request: v.strictObject({ caller: callerSchema, sessionId: v.string() }),
  reply: begunOidcFlowSchema,
});
