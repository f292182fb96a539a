import * as v from 'valibot';

/** The caller, as the access service identified them. Services take the organization from here and nowhere else. */
export const callerSchema = v.strictObject({
  orgId: v.string(),
  actorType: v.picklist(['api-key', 'user', 'system']),
  actorId: v.string(),
});

export type Caller = v.InferOutput<typeof callerSchema>;
