/** What a person can be in an organization, from most to least. */
export const roles = ['owner', 'admin', 'member', 'viewer'] as const;
export type Role = (typeof roles)[number];

/** What an API key can be allowed to do (REST contract, scopes of a key). */
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

/** What an action asks: `user` any signed-in person, whatever the organization, and no key. */
type Needed =
  | 'user'
  | {
      /** The least role of a person; null: no person. */
      readonly role: Role | null;
      /** The least role when what is touched is the person's own membership. */
      readonly own?: Role;
      /** The scope of a key; null: no key. */
      readonly scope: Scope | null;
    };

/**
 * The one table of permissions (docs/adr/0013, printed in docs/roles.md): every action of the API and who may
 * do it. A route names its action; nothing else in the code says who may do what.
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

/** What somebody may do in one organization: a person has a role and no scopes, a key has scopes and no role. */
export interface Rights {
  readonly role: Role | null;
  readonly scopes: readonly Scope[];
}

/** What an action touches, as far as it decides. */
export interface Touched {
  /** The person's own membership. */
  readonly own?: boolean;
  /** The roles that are given or taken. */
  readonly roles?: readonly Role[];
  /** The scopes that are handed on. */
  readonly scopes?: readonly Scope[];
}

/** True when these rights allow the action on what it touches; without `touched`, on what asks least. */
export function may(rights: Rights, action: Action, touched: Touched = {}): boolean {
  const needed: Needed = actions[action];
  if (needed === 'user') return rights.role !== null;
  if (touched.own && needed.own !== undefined && reaches(rights.role, needed.own)) return true;
  return (reaches(rights.role, needed.role) || holds(rights, needed.scope)) && mayTouch(rights, touched);
}

/** What a person of a role can hand on to a key: the scopes whose every action the role allows. */
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
 * Whose it is to make and unmake admins and owners: an owner's, and that of a key with every scope. So handing on every
 * scope is an owner's as well: an admin would make himself a key that makes him owner.
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
