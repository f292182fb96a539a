import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';

/**
 * Erases the person: every record that names them, their sessions, and their membership everywhere. Fails with
 * LAST_OWNER while others need them. The trail keeps their id, which then names nobody.
 */
export const eraseMe = defineMessage({
  name: 'erase-me',
  kind: 'command',
  request: v.strictObject({ caller: callerSchema }),
  reply: v.strictObject({}),
});
