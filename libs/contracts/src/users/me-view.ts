import * as v from 'valibot';

/** A person exactly as they see themselves. Times are ISO 8601, UTC. */
export const meViewSchema = v.strictObject({
  id: v.string(),
  email: v.string(),
  name: v.string(),
  created_at: v.string(),
  personal_organization_id: v.string(),
  /** False for who signs in another way only. */
  has_password: v.boolean(),
  /** Whether the company's provider knows this person. */
  has_oidc: v.boolean(),
  totp_enabled: v.boolean(),
  recovery_codes_left: v.number(),
});

export type MeView = v.InferOutput<typeof meViewSchema>;
