import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';
import { begunOidcFlowSchema } from './begun-oidc-flow';

/** Has the person prove again at the provider who they are, however lately they did. Fails like `begin-oidc-sign-in`. */
export const beginOidcReauthentication = defineMessage({
  name: 'begin-oidc-reauthentication',
  kind: 'command',
  request: v.strictObject({ caller: callerSchema, sessionId: v.string() }),
  reply: begunOidcFlowSchema,
});
