/**
 * The current schema version of every event type. An additive change keeps the version. A breaking change adds a
 * version here and a pure upcaster. Each version has a golden file in test/fixtures/events.
 */
export const eventVersions = {
  OrganizationCreated: 1,
  OrganizationChanged: 1,
  MemberInvited: 1,
  InvitationRevoked: 1,
  MemberJoined: 1,
  MemberRoleChanged: 1,
  MemberRemoved: 1,
  ApiKeyIssued: 1,
  ApiKeyRevoked: 1,
  SecretCreated: 1,
  SecretUpdated: 1,
  SecretMetadataChanged: 1,
  SecretRenamed: 1,
  SecretDeleted: 1,
  SecretShredStarted: 1,
  SecretShredded: 1,
  SecretCreationAbandoned: 1,
  SecretNameClaimed: 1,
  SecretNameReleased: 1,
  SecretRead: 1,
  KeyEncryptionKeyRotated: 1,
  AccessRefused: 1,
  SignedIn: 1,
  SignedOut: 1,
  CredentialChanged: 1,
} as const;

export type EventType = keyof typeof eventVersions;
