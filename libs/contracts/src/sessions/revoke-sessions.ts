import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';
import { originFields } from './origin';

/** Ends one of the person's sessions, or all but the one that asks. Fails with NOT_FOUND. */
export const revokeSessions = defineMessage({
  name: 'revoke-sessions',
  kind: 'command',
  request: v.strictObject({
    caller: callerSchema,
    sessionId: v.string(),
    /** The one to end; null: all others. */
    target: v.nullable(v.string()),
    ...originFields,
  }),
  reply: v.strictObject({ ended: v.number() }),
});
