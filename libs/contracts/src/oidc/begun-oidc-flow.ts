import { Redacted } from '#libs/kernel';
import * as v from 'valibot';

/** A flow that has begun at the provider: the URL for the browser, and the cookie that binds the flow to it. */
export const begunOidcFlowSchema = v.strictObject({
  url: v.string(),
  flow: v.instance(Redacted<string>),
  /** For how many seconds the flow can be finished. */
  seconds: v.number(),
});
