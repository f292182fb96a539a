import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';
import { originFields } from './origin';

/**
 * Ends one of the person's sessions, or all but the current one. Fails with NOT_FOUND for an unknown `target`, and for a
 * person who was erased meanwhile.
 */
export const revokeSessions = defineMessage({
  name: 'revoke-sessions',
  kind: 'command',
  request: v.strictObject({
    caller: callerSchema,
    sessionId: v.string(),
    /** The id of the session to end; null: all but the current one. */
    target: v.nullable(v.string()),
    ...originFields,
  }),
  reply: v.strictObject({ ended: v.number() }),
});
