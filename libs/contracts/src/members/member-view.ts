import * as v from 'valibot';
import { roles } from '../access/permissions';

/** A member exactly as the REST contract shows it. */
export const memberViewSchema = v.strictObject({
  id: v.string(),
  user_id: v.string(),
  /** Null, like the name, once the person's record is erased. */
  email: v.nullable(v.string()),
  name: v.nullable(v.string()),
  role: v.picklist(roles),
  joined_at: v.string(),
});

export type MemberView = v.InferOutput<typeof memberViewSchema>;

/** An invitation that can still be accepted. */
export const invitationViewSchema = v.strictObject({
  id: v.string(),
  /** Null once the address is erased. */
  email: v.nullable(v.string()),
  role: v.picklist(roles),
  invited_at: v.string(),
  expires_at: v.string(),
});

export type InvitationView = v.InferOutput<typeof invitationViewSchema>;
