import * as v from 'valibot';
import { commandFields, doneSchema } from '../command';
import { defineMessage } from '../message';

/** Revokes a key, from the next request on. Fails with NOT_FOUND. */
export const revokeApiKey = defineMessage({
  name: 'revoke-api-key',
  kind: 'command',
  request: v.strictObject({ ...commandFields, keyId: v.string() }),
  reply: doneSchema,
});
