import { Redacted } from '#libs/kernel';
import * as v from 'valibot';

/** A sign-in that has begun at the provider: where the browser goes, and what binds the return to this browser. */
export const begunOidcFlowSchema = v.strictObject({
  url: v.string(),
  flow: v.instance(Redacted<string>),
  /** How long the flow can be finished. */
  seconds: v.number(),
});
