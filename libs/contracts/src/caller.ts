import * as v from 'valibot';

/** Who asks, as the access service established it. The organization comes from here and nowhere else. */
export const callerSchema = v.strictObject({
  orgId: v.string(),
  actorType: v.picklist(['api-key', 'user', 'system']),
  actorId: v.string(),
});

export type Caller = v.InferOutput<typeof callerSchema>;
