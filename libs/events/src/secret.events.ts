/** A secret's metadata. Each event that changes it carries all of it, so applying one twice changes nothing (ADR 1). */
export interface SecretSnapshot {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly tags: readonly string[];
  /** The current version of the value, from 1. */
  readonly version: number;
  readonly insertedAt: string;
  readonly updatedAt: string;
  readonly expiresAt: string | null;
}

/** A sealed value: base64 of the envelope (libs/crypto), and the id of the data key that opens it. */
export interface SealedValue {
  readonly envelope: string;
  readonly dataKeyId: string;
}

export interface SecretCreated {
  readonly type: 'SecretCreated';
  readonly data: { readonly secret: SecretSnapshot; readonly sealed: SealedValue };
}

export interface SecretUpdated {
  readonly type: 'SecretUpdated';
  readonly data: { readonly secret: SecretSnapshot; readonly sealed: SealedValue; readonly reason: 'value' };
}

export interface SecretMetadataChanged {
  readonly type: 'SecretMetadataChanged';
  readonly data: { readonly secret: SecretSnapshot };
}

/** `previousName` equals the name when a stale claim on another name was fenced off (ADR 4). */
export interface SecretRenamed {
  readonly type: 'SecretRenamed';
  readonly data: { readonly secret: SecretSnapshot; readonly previousName: string };
}

/** The secret cannot be read any more. Its data keys are destroyed after `shredAfter`. */
export interface SecretDeleted {
  readonly type: 'SecretDeleted';
  readonly data: { readonly secret: SecretSnapshot; readonly deletedAt: string; readonly shredAfter: string };
}

/** The destruction of the data keys has begun and cannot be undone. After a crash, the next start finishes it. */
export interface SecretShredStarted {
  readonly type: 'SecretShredStarted';
  readonly data: { readonly secretId: string; readonly dataKeyIds: readonly string[] };
}

export interface SecretShredded {
  readonly type: 'SecretShredded';
  readonly data: { readonly secretId: string; readonly dataKeyIds: readonly string[] };
}

/** Ends a creation that was not completed. Appended to an empty stream, so a late `SecretCreated` fails (ADR 4). */
export interface SecretCreationAbandoned {
  readonly type: 'SecretCreationAbandoned';
  readonly data: { readonly secretId: string };
}

export type SecretEvent =
  | SecretCreated
  | SecretUpdated
  | SecretMetadataChanged
  | SecretRenamed
  | SecretDeleted
  | SecretShredStarted
  | SecretShredded
  | SecretCreationAbandoned;
