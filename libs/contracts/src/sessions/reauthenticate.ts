import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';
import { originFields } from './origin';
import { startedSessionSchema } from './session-view';
import { proofFields } from './sign-in';

/** Verifies a new proof of the person and gives the session another token. Fails like `sign-in`. */
export const reauthenticate = defineMessage({
  name: 'reauthenticate',
  kind: 'command',
  request: v.strictObject({
    caller: callerSchema,
    sessionId: v.string(),
    ...proofFields,
    ...originFields,
  }),
  reply: startedSessionSchema,
});
