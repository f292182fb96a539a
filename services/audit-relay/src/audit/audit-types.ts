import type {
  AccessEvent,
  EventType,
  OrganizationEvent,
  OrganizationKeyEvent,
  SecretEvent,
  SecretNameEvent,
  SecretSnapshot,
} from '#libs/events';

type AnyEvent = OrganizationEvent | OrganizationKeyEvent | SecretEvent | SecretNameEvent | AccessEvent;
type DataOf<T extends EventType> = Extract<AnyEvent, { readonly type: T }>['data'];

/** The fields of a message besides time, organization, actor and request id. */
export interface AuditFields {
  readonly secret_id?: string;
  readonly key_id?: string;
  readonly [field: string]: string | number | readonly string[] | null | undefined;
}

interface AuditType<T extends EventType> {
  /** The CloudEvents type. It is stable. A change that breaks readers of the fields gets another `v`. */
  readonly type: string;
  /** Names each field that is published; no other field is. */
  readonly fields: (data: DataOf<T>) => AuditFields;
}

/**
 * The audit message of each event type. No message has an envelope, the value, hash or length of a secret, the id of a
 * data key or the hash of an API key, and none has a description, because people paste secrets into free text. Null
 * means that the event is not published, because it is only bookkeeping for another one.
 */
export const auditTypes: { readonly [T in EventType]: AuditType<T> | null } = {
  OrganizationCreated: { type: 'hklst.organization.created.v1', fields: ({ name }) => ({ name }) },
  OrganizationChanged: {
    type: 'hklst.organization.changed.v1',
    fields: ({ name, recoveryDays }) => ({ name, recovery_days: recoveryDays }),
  },
  MemberInvited: {
    type: 'hklst.member.invited.v1',
    fields: ({ invitationId, role, expiresAt }) => ({
      invitation_id: invitationId,
      role,
      expires_at: expiresAt,
    }),
  },
  InvitationRevoked: {
    type: 'hklst.invitation.revoked.v1',
    fields: ({ invitationId }) => ({ invitation_id: invitationId }),
  },
  MemberJoined: {
    type: 'hklst.member.joined.v1',
    fields: ({ memberId, userId, role, invitationId }) => ({
      ...memberFields(memberId, userId),
      role,
      invitation_id: invitationId,
    }),
  },
  MemberRoleChanged: {
    type: 'hklst.member.role-changed.v1',
    fields: ({ memberId, userId, role, previousRole }) => ({
      ...memberFields(memberId, userId),
      role,
      previous_role: previousRole,
    }),
  },
  MemberRemoved: {
    type: 'hklst.member.removed.v1',
    fields: ({ memberId, userId }) => memberFields(memberId, userId),
  },
  ApiKeyIssued: {
    type: 'hklst.api-key.issued.v1',
    fields: ({ keyId, name, scopes, expiresAt }) => ({ key_id: keyId, name, scopes, expires_at: expiresAt }),
  },
  ApiKeyRevoked: { type: 'hklst.api-key.revoked.v1', fields: ({ keyId }) => ({ key_id: keyId }) },
  SecretCreated: { type: 'hklst.secret.created.v1', fields: ({ secret }) => secretFields(secret) },
  SecretUpdated: {
    type: 'hklst.secret.updated.v1',
    fields: ({ secret, reason }) => ({ ...secretFields(secret), reason }),
  },
  SecretMetadataChanged: {
    type: 'hklst.secret.metadata-changed.v1',
    fields: ({ secret }) => secretFields(secret),
  },
  SecretRenamed: {
    type: 'hklst.secret.renamed.v1',
    fields: ({ secret, previousName }) => ({ ...secretFields(secret), previous_name: previousName }),
  },
  SecretDeleted: {
    type: 'hklst.secret.deleted.v1',
    fields: ({ secret, shredAfter }) => ({ ...secretFields(secret), shred_after: shredAfter }),
  },
  SecretShredStarted: {
    type: 'hklst.secret.shred-started.v1',
    fields: ({ secretId }) => ({ secret_id: secretId }),
  },
  SecretShredded: { type: 'hklst.secret.shredded.v1', fields: ({ secretId }) => ({ secret_id: secretId }) },
  SecretRead: {
    type: 'hklst.secret.read.v1',
    fields: ({ secretId, version, address, userAgent }) => ({
      secret_id: secretId,
      version,
      address,
      user_agent: userAgent,
    }),
  },
  KeyEncryptionKeyRotated: {
    type: 'hklst.organization.key-rotated.v1',
    fields: ({ generation }) => ({ generation }),
  },
  AccessRefused: {
    type: 'hklst.access.refused.v1',
    fields: ({ action, cause, count, address, userAgent }) => ({
      action,
      cause,
      count,
      address,
      user_agent: userAgent,
    }),
  },
  SignedIn: {
    type: 'hklst.session.signed-in.v1',
    fields: ({ sessionId, method, secondFactor, address, userAgent }) => ({
      session_id: sessionId,
      method,
      second_factor: secondFactor,
      address,
      user_agent: userAgent,
    }),
  },
  SignedOut: {
    type: 'hklst.session.signed-out.v1',
    fields: ({ sessionIds, cause, address, userAgent }) => ({
      session_ids: sessionIds,
      cause,
      address,
      user_agent: userAgent,
    }),
  },
  CredentialChanged: {
    type: 'hklst.credential.changed.v1',
    fields: ({ credential, change, address, userAgent }) => ({
      credential,
      change,
      address,
      user_agent: userAgent,
    }),
  },
  SecretCreationAbandoned: null,
  SecretNameClaimed: null,
  SecretNameReleased: null,
};

function memberFields(memberId: string, userId: string): AuditFields {
  return { member_id: memberId, user_id: userId };
}

function secretFields({ id, name, version, tags, expiresAt }: SecretSnapshot): AuditFields {
  return { secret_id: id, name, version, tags, expires_at: expiresAt };
}
