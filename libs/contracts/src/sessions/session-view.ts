import { Redacted } from '#libs/kernel';
import * as v from 'valibot';

/** A session that has begun: its token, shown this once, and when it ends at the latest (ISO 8601, UTC). */
export const startedSessionFields = { token: v.instance(Redacted<string>), expiresAt: v.string() };

export const startedSessionSchema = v.strictObject(startedSessionFields);

/** A session, as the API shows it to its person. Times are ISO 8601, UTC. */
export const sessionViewSchema = v.strictObject({
  id: v.string(),
  /** True for the session of this request. */
  current: v.boolean(),
  created_at: v.string(),
  /** Exact to the minute. */
  last_seen_at: v.string(),
  expires_at: v.string(),
  address: v.nullable(v.string()),
  user_agent: v.nullable(v.string()),
});
