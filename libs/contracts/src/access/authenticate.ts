import { Redacted } from '#libs/kernel';
import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';
import { scopes } from './scopes';

/** Who presents this API key, and what the key may do. Fails with AUTHENTICATION_REQUIRED, whatever the cause. */
export const authenticate = defineMessage({
  name: 'authenticate',
  kind: 'query',
  request: v.strictObject({ credential: v.instance(Redacted<string>) }),
  reply: v.strictObject({ caller: callerSchema, scopes: v.array(v.picklist(scopes)) }),
});
