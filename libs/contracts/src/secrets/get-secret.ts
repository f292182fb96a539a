import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';
import { secretMetadataSchema } from './secret-metadata';

/** One secret's metadata, folded from its own stream. Fails with NOT_FOUND. */
export const getSecret = defineMessage({
  name: 'get-secret',
  kind: 'query',
  request: v.strictObject({ caller: callerSchema, secret: v.string() }),
  reply: v.strictObject({ data: secretMetadataSchema, revision: v.string() }),
});
