import { may, roles, scopes, type Action, type Caller, type Rights, type Role } from '#libs/contracts';
import { hasEnded, type ApiKey, type Member, type OrganizationState } from '#libs/events';
import { AppError } from '#libs/kernel';

/** Who asks, as the organization knows them at the very revision that the decision rests on. */
export interface Actor {
  readonly rights: Rights;
  /** Null for a key. */
  readonly userId: string | null;
  /** Null for a person. */
  readonly key: ApiKey | null;
}

/**
 * The caller in this organization. What the gateway was told a moment ago may be over by now: fails with NOT_FOUND for
 * who is no member any more, AUTHENTICATION_REQUIRED for a key that has ended. `at` is ISO 8601, UTC.
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

/** Fails with FORBIDDEN unless the actor may do this to what it touches. */
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

/** Scopes that this version does not know give no right. */
export function rightsOfKey(key: ApiKey): Rights {
  return { role: null, scopes: scopes.filter((scope) => key.scopes.includes(scope)) };
}

/** A role as events hold it; one that this version does not know is the least. */
export function knownRole(role: string): Role {
  return roles.find((known) => known === role) ?? 'viewer';
}
