/**
 * Facts about an organization, its members and its API keys, kept for ever; no personal data: a person is an id here,
 * and names and addresses are records that can be erased. Roles and scopes are those of the permission table.
 */
export interface OrganizationCreated {
  readonly type: 'OrganizationCreated';
  readonly data: {
    readonly orgId: string;
    readonly name: string;
    readonly createdAt: string;
    /** `personal`: the one that every user has from the start. Absent in the first events: shared. */
    readonly kind?: 'personal' | 'shared';
    /** The user who made it, a member from the next event on. Absent or null: made by the first start. */
    readonly ownerId?: string | null;
  };
}

export interface OrganizationChanged {
  readonly type: 'OrganizationChanged';
  readonly data: {
    readonly name: string;
    /** How long a deleted secret keeps its keys; null: as long as the operator has set. */
    readonly recoveryDays: number | null;
    readonly changedAt: string;
  };
}

export interface MemberInvited {
  readonly type: 'MemberInvited';
  readonly data: {
    readonly invitationId: string;
    readonly role: string;
    /** Keyed hash of the token, hex: it opens nothing (libs/crypto, invitation tokens). */
    readonly hash: string;
    readonly invitedAt: string;
    readonly expiresAt: string;
  };
}

export interface InvitationRevoked {
  readonly type: 'InvitationRevoked';
  readonly data: { readonly invitationId: string; readonly revokedAt: string };
}

export interface MemberJoined {
  readonly type: 'MemberJoined';
  readonly data: {
    readonly memberId: string;
    readonly userId: string;
    readonly role: string;
    readonly joinedAt: string;
    /** The invitation that is used up by this; null for who made the organization. */
    readonly invitationId: string | null;
  };
}

export interface MemberRoleChanged {
  readonly type: 'MemberRoleChanged';
  readonly data: {
    readonly memberId: string;
    readonly userId: string;
    readonly role: string;
    readonly previousRole: string;
    readonly changedAt: string;
  };
}

export interface MemberRemoved {
  readonly type: 'MemberRemoved';
  readonly data: { readonly memberId: string; readonly userId: string; readonly removedAt: string };
}

export interface ApiKeyIssued {
  readonly type: 'ApiKeyIssued';
  readonly data: {
    readonly keyId: string;
    readonly name: string;
    readonly scopes: readonly string[];
    /** Keyed hash of the key's text, hex: it authenticates nothing (libs/crypto, API keys). */
    readonly hash: string;
    readonly issuedAt: string;
    readonly expiresAt: string | null;
    /** CIDR ranges that it may be used from. Absent or empty: from anywhere. */
    readonly allowedIps?: readonly string[];
  };
}

export interface ApiKeyRevoked {
  readonly type: 'ApiKeyRevoked';
  readonly data: { readonly keyId: string; readonly revokedAt: string };
}

export type OrganizationEvent =
  | OrganizationCreated
  | OrganizationChanged
  | MemberInvited
  | InvitationRevoked
  | MemberJoined
  | MemberRoleChanged
  | MemberRemoved
  | ApiKeyIssued
  | ApiKeyRevoked;
