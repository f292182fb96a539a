/** The roles of a person in an organization, from most to least powerful. */
export const roles = ['owner', 'admin', 'member', 'viewer'] as const;
export type Role = (typeof roles)[number];

/** The scopes of an API key (REST contract, scopes of a key). */
export const scopes = [
  'secrets:list',
  'secrets:read',
  'secrets:write',
  'secrets:delete',
  'audit:read',
  'keys:manage',
  'members:manage',
  'operations',
] as const;
export type Scope = (typeof scopes)[number];

/** What an action requires. `user`: any signed-in person, in whatever organization, and no key. */
type Needed =
  | 'user'
  | {
      /** The least role of a person; null: no person may. */
      readonly role: Role | null;
      /** The least role for an action on the person's own membership. */
      readonly own?: Role;
      /** The scope of a key; null: no key may. */
      readonly scope: Scope | null;
    };

/**
 * The only table of permissions (ADR 13; docs/roles.md is generated from it): every action of the API and who may do
 * it. A route names its action; nothing else in the code says who may do what.
 */
export const actions = {
  'list-secrets': { role: 'viewer', scope: 'secrets:list' },
  'get-secret': { role: 'viewer', scope: 'secrets:list' },
  'list-secret-versions': { role: 'viewer', scope: 'secrets:list' },
  'reveal-secret': { role: 'member', scope: 'secrets:read' },
  'export-secrets': { role: 'member', scope: 'secrets:read' },
  'create-secret': { role: 'member', scope: 'secrets:write' },
  'update-secret': { role: 'member', scope: 'secrets:write' },
  'rollback-secret': { role: 'member', scope: 'secrets:write' },
  'import-secrets': { role: 'member', scope: 'secrets:write' },
  'delete-secret': { role: 'member', scope: 'secrets:delete' },
  'restore-secret': { role: 'member', scope: 'secrets:delete' },
  'destroy-secret-version': { role: 'member', scope: 'secrets:delete' },
  'list-secret-readers': { role: 'admin', scope: 'audit:read' },
  'list-audit-records': { role: 'admin', scope: 'audit:read' },
  'stream-audit-records': { role: 'admin', scope: 'audit:read' },
  'verify-audit-trail': { role: 'admin', scope: 'audit:read' },
  'create-organization': 'user',
  'accept-invitation': 'user',
  'get-me': 'user',
  'change-me': 'user',
  'erase-me': 'user',
  'change-password': 'user',
  'list-sessions': 'user',
  'revoke-sessions': 'user',
  reauthenticate: 'user',
  'begin-oidc-reauthentication': 'user',
  'enrol-totp': 'user',
  'confirm-totp': 'user',
  'disable-totp': 'user',
  'renew-recovery-codes': 'user',
  'list-organizations': { role: 'viewer', scope: 'operations' },
  'get-organization': { role: 'viewer', scope: 'operations' },
  'change-organization': { role: 'admin', scope: 'operations' },
  'list-members': { role: 'viewer', scope: 'members:manage' },
  'invite-member': { role: 'admin', scope: 'members:manage' },
  'list-invitations': { role: 'admin', scope: 'members:manage' },
  'revoke-invitation': { role: 'admin', scope: 'members:manage' },
  'change-member-role': { role: 'admin', scope: 'members:manage' },
  'remove-member': { role: 'admin', own: 'viewer', scope: 'members:manage' },
  'list-api-keys': { role: 'admin', scope: 'keys:manage' },
  'issue-api-key': { role: 'admin', scope: 'keys:manage' },
  'revoke-api-key': { role: 'admin', scope: 'keys:manage' },
} as const satisfies Record<string, Needed>;
export type Action = keyof typeof actions;

/** The rights of a caller in one organization: a person has a role and no scopes, a key has scopes and no role. */
export interface Rights {
  readonly role: Role | null;
  readonly scopes: readonly Scope[];
}

/** What an action touches, as far as the permission depends on it. */
export interface Touched {
  /** True for the person's own membership. */
  readonly own?: boolean;
  /** The roles that are given or taken. */
  readonly roles?: readonly Role[];
  /** The scopes that a key is given. */
  readonly scopes?: readonly Scope[];
}

/** True when these rights allow the action on `touched`; without it, on the target that requires least. */
export function may(rights: Rights, action: Action, touched: Touched = {}): boolean {
  const needed: Needed = actions[action];
  if (needed === 'user') return rights.role !== null;
  if (touched.own && needed.own !== undefined && reaches(rights.role, needed.own)) return true;
  return (reaches(rights.role, needed.role) || holds(rights, needed.scope)) && mayTouch(rights, touched);
}

/** The scopes that a person of a role can give to a key: those whose every action the role allows. */
export const scopesOf: Readonly<Record<Role, readonly Scope[]>> = {
  owner: scopes,
  admin: coveredBy('admin'),
  member: coveredBy('member'),
  viewer: coveredBy('viewer'),
};

function mayTouch(rights: Rights, { roles: handled = [], scopes: given = [] }: Touched): boolean {
  const held = rights.role === null ? rights.scopes : scopesOf[rights.role];
  const asOwner =
    handled.some((role) => role === 'owner' || role === 'admin') ||
    scopes.every((scope) => given.includes(scope));
  return given.every((scope) => held.includes(scope)) && (!asOwner || isOwner(rights));
}

/**
 * True for an owner and for a key with every scope: only they make and unmake admins and owners. So only they give a
 * key every scope: with such a key an admin could make himself an owner.
 */
function isOwner({ role, scopes: held }: Rights): boolean {
  return role === 'owner' || (role === null && scopes.every((scope) => held.includes(scope)));
}

function reaches(role: Role | null, least: Role | null): boolean {
  return role !== null && least !== null && roles.indexOf(role) <= roles.indexOf(least);
}

function holds({ role, scopes: held }: Rights, scope: Scope | null): boolean {
  return role === null && scope !== null && held.includes(scope);
}

function coveredBy(role: Role): readonly Scope[] {
  const entries: Needed[] = Object.values(actions);
  return scopes.filter((scope) => {
    const needing = entries.filter((needed) => needed !== 'user' && needed.scope === scope);
    return needing.length > 0 && needing.every((needed) => needed !== 'user' && reaches(role, needed.role));
  });
}
