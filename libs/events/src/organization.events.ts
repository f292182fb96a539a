/**
 * Facts about an organization, its members and its API keys, kept for ever. They hold no personal data: a person is an
 * id here, and names and addresses are in records that can be erased. Roles and scopes are those of the permission
 * table.
 */
export interface OrganizationCreated {
  readonly type: 'OrganizationCreated';
  readonly data: {
    readonly orgId: string;
    readonly name: string;
    readonly createdAt: string;
    /** `personal`: the organization that every user has from the start. Absent in the earliest events: `shared`. */
    readonly kind?: 'personal' | 'shared';
    /** The user who made it. The next event makes them a member. Absent or null when the first start made it. */
    readonly ownerId?: string | null;
  };
}

export interface OrganizationChanged {
  readonly type: 'OrganizationChanged';
  readonly data: {
    readonly name: string;
    /** For how many days a deleted secret keeps its keys. Null: as many as the operator has set. */
    readonly recoveryDays: number | null;
    readonly changedAt: string;
  };
}

export interface MemberInvited {
  readonly type: 'MemberInvited';
  readonly data: {
    readonly invitationId: string;
    readonly role: string;
    /** Keyed hash of the token, in hex. It is no use as a token (libs/crypto, `hashInvitationToken`). */
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
    /** The invitation that this uses up. Null for the maker and for the first owner of an organization. */
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
    /** Keyed hash of the key's text, in hex. It is no use as a key (libs/crypto, `hashApiKey`). */
    readonly hash: string;
    readonly issuedAt: string;
    readonly expiresAt: string | null;
    /** CIDR ranges of the addresses that may use the key. Absent or empty: every address. */
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
