import * as v from 'valibot';

/** A person, as the API shows them to themselves. Times are ISO 8601, UTC. */
export const meViewSchema = v.strictObject({
  id: v.string(),
  email: v.string(),
  name: v.string(),
  created_at: v.string(),
  personal_organization_id: v.string(),
  /** False for a person who signs in by other means only. */
  has_password: v.boolean(),
  /** True when an identity at the company's provider belongs to this person. */
  has_oidc: v.boolean(),
  totp_enabled: v.boolean(),
  recovery_codes_left: v.number(),
});

export type MeView = v.InferOutput<typeof meViewSchema>;
