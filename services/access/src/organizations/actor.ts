import { may, roles, scopes, type Action, type Caller, type Rights, type Role } from '#libs/contracts';
import { hasEnded, type ApiKey, type Member, type OrganizationState } from '#libs/events';
import { AppError } from '#libs/kernel';

/** The caller, as the organization's state has them at the revision that the decision is made on. */
export interface Actor {
  readonly rights: Rights;
  /** Null for a key. */
  readonly userId: string | null;
  /** Null for a person. */
  readonly key: ApiKey | null;
}

/**
 * Finds the caller in the state, which may be newer than the gateway's answer. Fails with NOT_FOUND for a person who is
 * no longer a member, and AUTHENTICATION_REQUIRED for a key that has ended. `at` is ISO 8601, UTC.
 */
export function actorIn(state: OrganizationState, caller: Caller, at: string): Actor {
  if (caller.actorType === 'user') {
    const member = state.members.get(caller.actorId);
    if (!member) throw new AppError('NOT_FOUND');
    return { rights: rightsOfMember(member), userId: caller.actorId, key: null };
  }
  const key = state.keys.get(caller.actorId);
  if (!key || hasEnded(key, at)) throw new AppError('AUTHENTICATION_REQUIRED');
  return { rights: rightsOfKey(key), userId: null, key };
}

/** Fails with FORBIDDEN unless the actor may do this action to `touched`. */
export function demand(
  { rights }: Actor,
  action: Action,
  touched?: { own?: boolean; roles?: readonly Role[]; scopes?: Rights['scopes'] },
): void {
  if (!may(rights, action, touched)) throw new AppError('FORBIDDEN');
}

export function rightsOfMember({ role }: Member): Rights & { readonly role: Role } {
  return { role: knownRole(role), scopes: [] };
}

/** Gives the rights of a key. A scope that this version does not know gives no right. */
export function rightsOfKey(key: ApiKey): Rights {
  return { role: null, scopes: scopes.filter((scope) => key.scopes.includes(scope)) };
}

/** Reads a role from an event. A role that this version does not know counts as the least one. */
export function knownRole(role: string): Role {
  return roles.find((known) => known === role) ?? 'viewer';
}
