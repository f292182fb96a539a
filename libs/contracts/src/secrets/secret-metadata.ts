import * as v from 'valibot';

/** A secret's metadata exactly as the REST contract shows it. Times are ISO 8601, UTC. */
export const secretMetadataSchema = v.strictObject({
  id: v.string(),
  name: v.string(),
  description: v.nullable(v.string()),
  version: v.number(),
  tags: v.array(v.string()),
  inserted_at: v.string(),
  updated_at: v.string(),
  expires_at: v.nullable(v.string()),
  last_read_at: v.nullable(v.string()),
});

export type SecretMetadata = v.InferOutput<typeof secretMetadataSchema>;

/** The reply to every write: the metadata, the stream's revision (the ETag) and the position in the log. */
export const secretWrittenSchema = v.strictObject({
  data: secretMetadataSchema,
  revision: v.string(),
  position: v.string(),
});

/** A secret as its events describe it. Declared here by its shape, because libs/contracts imports no events (ADR 8). */
interface Snapshot {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly tags: readonly string[];
  readonly version: number;
  readonly insertedAt: string;
  readonly updatedAt: string;
  readonly expiresAt: string | null;
}

/** Gives the metadata to show for a secret. */
export function presentSecret(secret: Snapshot, lastReadAt: string | null): SecretMetadata {
  return {
    id: secret.id,
    name: secret.name,
    description: secret.description,
    version: secret.version,
    tags: [...secret.tags],
    inserted_at: secret.insertedAt,
    updated_at: secret.updatedAt,
    expires_at: secret.expiresAt,
    last_read_at: lastReadAt,
  };
}
