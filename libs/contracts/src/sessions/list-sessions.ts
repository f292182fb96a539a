import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';
import { sessionViewSchema } from './session-view';

/** The person's own sessions, the latest first. */
export const listSessions = defineMessage({
  name: 'list-sessions',
  kind: 'query',
  request: v.strictObject({ caller: callerSchema, sessionId: v.string() }),
  reply: v.strictObject({ data: v.array(sessionViewSchema) }),
});
