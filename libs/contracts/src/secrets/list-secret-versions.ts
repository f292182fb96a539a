import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';

/** A secret's versions, newest first, folded from its own stream. Fails with NOT_FOUND. */
export const listSecretVersions = defineMessage({
  name: 'list-secret-versions',
  kind: 'query',
  request: v.strictObject({ caller: callerSchema, secret: v.string() }),
  reply: v.strictObject({
    data: v.array(
      v.strictObject({
        version: v.number(),
        inserted_at: v.string(),
        actor: v.string(),
        state: v.picklist(['current', 'superseded']),
      }),
    ),
  }),
});
