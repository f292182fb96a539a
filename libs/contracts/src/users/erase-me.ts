import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';

/**
 * Erases the person: every record that names them, their sessions, and all their memberships. The log keeps their id,
 * which then names nobody. Fails with LAST_OWNER when an organization with other members would have no owner.
 */
export const eraseMe = defineMessage({
  name: 'erase-me',
  kind: 'command',
  request: v.strictObject({ caller: callerSchema }),
  reply: v.strictObject({}),
});
