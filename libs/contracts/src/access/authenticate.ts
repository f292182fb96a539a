import { Redacted } from '#libs/kernel';
import * as v from 'valibot';
import { callerSchema } from '../caller';
import { defineMessage } from '../message';
import { roles, scopes } from './permissions';

/**
 * Identifies the caller by a key or a session, exactly one of the two, and gives the rights in one organization. Fails
 * with AUTHENTICATION_REQUIRED, whatever the cause, and then with NOT_FOUND when the caller does not belong to
 * `organizationId`.
 */
export const authenticate = defineMessage({
  name: 'authenticate',
  kind: 'query',
  request: v.strictObject({
    apiKey: v.nullable(v.instance(Redacted<string>)),
    session: v.nullable(v.instance(Redacted<string>)),
    /** The organization the request names. Null: the key's own, or the person's personal one. */
    organizationId: v.nullable(v.string()),
    /** The client's address: some keys are bound to addresses, and refusals are recorded. */
    address: v.string(),
    userAgent: v.nullable(v.string()),
  }),
  reply: v.strictObject({
    caller: callerSchema,
    /** A person's role in the organization; null for a key. */
    role: v.nullable(v.picklist(roles)),
    /** What a key may do; empty for a person. */
    scopes: v.array(v.picklist(scopes)),
    /** The id of the session that was presented; null for a key. */
    sessionId: v.nullable(v.string()),
    /** When the person last proved who they are, ISO 8601; null for a key. */
    authenticatedAt: v.nullable(v.string()),
    /** True when the log could not be read. The rights are then from memory, and may be minutes old. */
    isStale: v.boolean(),
  }),
});
