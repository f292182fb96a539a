import type {
  ApiKeyIssued,
  MemberInvited,
  MemberJoined,
  OrganizationCreated,
  OrganizationEvent,
} from './organization.events';

export interface Organization {
  readonly id: string;
  readonly name: string;
  readonly kind: 'personal' | 'shared';
  readonly createdAt: string;
  /** The user who made it; null when the first start made it. */
  readonly ownerId: string | null;
  /** In days. Null: as many as the operator has set. */
  readonly recoveryDays: number | null;
}

export type Member = Omit<MemberJoined['data'], 'invitationId'>;
export type Invitation = MemberInvited['data'];
export type ApiKey = ApiKeyIssued['data'] & { readonly revokedAt: string | null };

/** The state of an organization, from its own stream. */
export interface OrganizationState {
  readonly organization: Organization | null;
  /** By user id. */
  readonly members: ReadonlyMap<string, Member>;
  /** By id. Neither accepted nor revoked. Expired ones are dropped when the next invitation is made. */
  readonly invitations: ReadonlyMap<string, Invitation>;
  /** By id, oldest first. Of the revoked and expired ones only the latest (`KEYS_KEPT_MAX`). */
  readonly keys: ReadonlyMap<string, ApiKey>;
}

export const noOrganization: OrganizationState = {
  organization: null,
  members: new Map(),
  invitations: new Map(),
  keys: new Map(),
};

/** Beyond this number the oldest revoked or expired key is dropped, so that years of rotation keep the list short. */
const KEYS_KEPT_MAX = 2_000;

/** Applies one recorded event. Throws for an unknown type: no right may rest on half a history. */
export function evolveOrganization(
  state: OrganizationState,
  recorded: { readonly type: string; readonly data: unknown },
): OrganizationState {
  const event = recorded as OrganizationEvent;
  switch (event.type) {
    case 'OrganizationCreated':
      return { ...state, organization: created(event.data) };
    case 'OrganizationChanged': {
      const { name, recoveryDays } = event.data;
      return { ...state, organization: { ...known(state), name, recoveryDays } };
    }
    case 'ApiKeyIssued':
    case 'ApiKeyRevoked':
      return { ...state, keys: evolveKeys(state.keys, event) };
    case 'MemberInvited':
    case 'InvitationRevoked':
    case 'MemberJoined':
    case 'MemberRoleChanged':
    case 'MemberRemoved':
      return evolveMembers(state, event);
    default:
      throw new Error(`No fold for the event type ${recorded.type}`);
  }
}

/** How an organization's stream becomes its state. */
export const organizationFold = { initial: noOrganization, evolve: evolveOrganization };

/** Gives the recovery window of an organization in days, all that its secrets need; null when it has chosen none. */
export const recoveryDaysFold = {
  initial: null,
  evolve: (
    days: number | null,
    recorded: { readonly type: string; readonly data: unknown },
  ): number | null => {
    const event = recorded as OrganizationEvent;
    return event.type === 'OrganizationChanged' ? event.data.recoveryDays : days;
  },
};

type MemberEvent = Exclude<OrganizationEvent, { type: `Organization${string}` | `ApiKey${string}` }>;

function evolveMembers(state: OrganizationState, event: MemberEvent): OrganizationState {
  const { members, invitations } = state;
  switch (event.type) {
    case 'MemberInvited': {
      const open = [...invitations].filter(([, { expiresAt }]) => expiresAt > event.data.invitedAt);
      return { ...state, invitations: new Map(open).set(event.data.invitationId, event.data) };
    }
    case 'InvitationRevoked':
      return { ...state, invitations: without(invitations, event.data.invitationId) };
    case 'MemberJoined': {
      const { invitationId, ...member } = event.data;
      return {
        ...state,
        members: adding(members, member.userId, member),
        invitations: invitationId === null ? invitations : without(invitations, invitationId),
      };
    }
    case 'MemberRoleChanged': {
      const { userId, role } = event.data;
      const member = members.get(userId);
      if (!member) throw new Error('Who is no member has no role');
      return { ...state, members: adding(members, userId, { ...member, role }) };
    }
    case 'MemberRemoved':
      return { ...state, members: without(members, event.data.userId) };
  }
}

type KeyEvent = Extract<OrganizationEvent, { type: `ApiKey${string}` }>;

function evolveKeys(keys: OrganizationState['keys'], event: KeyEvent): OrganizationState['keys'] {
  if (event.type === 'ApiKeyRevoked') {
    const { keyId, revokedAt } = event.data;
    const key = keys.get(keyId);
    // A key that was dropped had been revoked or had expired.
    return key ? adding(keys, keyId, { ...key, revokedAt }) : keys;
  }
  const issued = adding(keys, event.data.keyId, { ...event.data, revokedAt: null });
  if (issued.size <= KEYS_KEPT_MAX) return issued;
  const ended = [...issued.values()].find((key) => hasEnded(key, event.data.issuedAt));
  return ended ? without(issued, ended.keyId) : issued;
}

/** True when a key is revoked or expired. `at` is ISO 8601, UTC, like all times of events, so they compare as text. */
export function hasEnded({ revokedAt, expiresAt }: ApiKey, at: string): boolean {
  return revokedAt !== null || (expiresAt !== null && expiresAt <= at);
}

function created(data: OrganizationCreated['data']): Organization {
  const { orgId, name, createdAt, kind = 'shared', ownerId = null } = data;
  return { id: orgId, name, kind, createdAt, ownerId, recoveryDays: null };
}

function known({ organization }: OrganizationState): Organization {
  if (!organization) throw new Error('An organization that does not exist cannot change');
  return organization;
}

function adding<T>(map: ReadonlyMap<string, T>, id: string, value: T): ReadonlyMap<string, T> {
  return new Map(map).set(id, value);
}

function without<T>(map: ReadonlyMap<string, T>, id: string): ReadonlyMap<string, T> {
  const rest = new Map(map);
  rest.delete(id);
  return rest;
}
