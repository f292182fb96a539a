import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';
import { apiKeyViewSchema } from './api-key-view';

/** The keys of the caller's organization, oldest first. Of the revoked and expired keys, only the latest. */
export const listApiKeys = defineMessage({
  name: 'list-api-keys',
  kind: 'query',
  request: v.strictObject({ caller: callerSchema }),
  reply: v.strictObject({ data: v.array(apiKeyViewSchema) }),
});
