import * as v from 'valibot';
import { roles } from '../access/permissions';

/** An organization exactly as the REST contract shows it. Times are ISO 8601, UTC. */
export const organizationViewSchema = v.strictObject({
  id: v.string(),
  name: v.string(),
  kind: v.picklist(['personal', 'shared']),
  /** The caller's role; null for a key. */
  role: v.nullable(v.picklist(roles)),
  /** For how many days a deleted secret keeps its keys. */
  recovery_days: v.number(),
  created_at: v.string(),
});

export type OrganizationView = v.InferOutput<typeof organizationViewSchema>;

export const organizationWrittenSchema = v.strictObject({
  data: organizationViewSchema,
  position: v.string(),
});
