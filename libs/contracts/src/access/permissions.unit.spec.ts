import {
  actions,
  may,
  roles,
  scopes,
  scopesOf,
  type Action,
  type Rights,
  type Role,
  type Scope,
} from './permissions';

const person = (role: Role): Rights => ({ role, scopes: [] });
const key = (...held: Scope[]): Rights => ({ role: null, scopes: held });
const allowedTo = (rights: Rights) =>
  (Object.keys(actions) as Action[]).filter((action) => may(rights, action));

const forPeople = Object.entries(actions).flatMap(([action, needed]) => (needed === 'user' ? [action] : []));

describe('may', () => {
  it('gives an owner everything', () => {
    expect(allowedTo(person('owner'))).toEqual(Object.keys(actions));
  });

  it('gives each role all that the next lower one has', () => {
    for (const [at, role] of roles.entries()) {
      const lower = roles[at + 1];
      if (lower) expect(allowedTo(person(role))).toEqual(expect.arrayContaining(allowedTo(person(lower))));
    }
  });

  it('lets a viewer see metadata, open no value and change nothing', () => {
    const seen = ['list-secrets', 'get-secret', 'list-secret-versions', 'list-organizations'];
    expect(allowedTo(person('viewer')).sort()).toEqual(
      [...seen, 'get-organization', 'list-members', ...forPeople].sort(),
    );
  });

  it('gives a member everything with secrets, and no key, member or record of the audit trail', () => {
    const allowed = allowedTo(person('member'));
    for (const [action, needed] of Object.entries(actions))
      if (needed !== 'user' && needed.scope.startsWith('secrets:')) expect(allowed).toContain(action);
    expect(allowed.filter((action) => /api-key|member-role|invit.*member|audit/.test(action))).toEqual([]);
  });

  it('gives a key what its scopes say, and nothing that is for people', () => {
    expect(allowedTo(key())).toEqual([]);
    expect(allowedTo(key('secrets:list'))).toEqual(['list-secrets', 'get-secret', 'list-secret-versions']);
    expect(Object.keys(actions).filter((action) => !may(key(...scopes), action as Action))).toEqual(
      forPeople,
    );
  });

  it('lets everybody leave, and only admins remove others', () => {
    for (const role of roles)
      expect(may(person(role), 'remove-member', { own: true, roles: [role] })).toBe(true);
    expect(may(person('member'), 'remove-member', { roles: ['viewer'] })).toBe(false);
    expect(may(person('admin'), 'remove-member', { roles: ['viewer'] })).toBe(true);
    expect(may(key('secrets:list'), 'remove-member', { own: true })).toBe(false);
  });

  it('leaves admins and owners to an owner, or to a key that may do everything', () => {
    const handle = (rights: Rights, role: Role) => may(rights, 'change-member-role', { roles: [role] });
    for (const role of ['owner', 'admin'] as const) {
      expect(handle(person('owner'), role)).toBe(true);
      expect(handle(person('admin'), role)).toBe(false);
      expect(handle(key('members:manage'), role)).toBe(false);
      expect(handle(key(...scopes), role)).toBe(true);
    }
    for (const role of ['member', 'viewer'] as const) {
      expect(handle(person('admin'), role)).toBe(true);
      expect(handle(key('members:manage'), role)).toBe(true);
      expect(handle(person('member'), role)).toBe(false);
    }
  });

  it('hands on no scope that its giver does not have', () => {
    const issue = (rights: Rights, ...given: Scope[]) => may(rights, 'issue-api-key', { scopes: given });
    expect(issue(key('keys:manage', 'secrets:list'), 'secrets:list')).toBe(true);
    expect(issue(key('keys:manage', 'secrets:list'), 'secrets:list', 'secrets:read')).toBe(false);
    expect(issue(person('owner'), ...scopes)).toBe(true);
    for (const scope of scopesOf.admin) expect(issue(person('admin'), scope)).toBe(true);
    expect(issue(person('member'), 'secrets:list')).toBe(false);
  });

  it('leaves a key with every scope to an owner: it makes owners', () => {
    const issue = (rights: Rights, ...given: Scope[]) => may(rights, 'issue-api-key', { scopes: given });
    expect(issue(person('admin'), ...scopes)).toBe(false);
    expect(issue(person('admin'), ...scopes.slice(1))).toBe(true);
    expect(issue(key(...scopes), ...scopes)).toBe(true);
    // Said twice, a scope is no other one.
    const sevenAsEight = key(...scopes.slice(1), 'operations');
    expect(may(sevenAsEight, 'change-member-role', { roles: ['owner'] })).toBe(false);
  });
});

describe('scopesOf', () => {
  it('says what a role covers whole', () => {
    expect(scopesOf.owner).toEqual(scopes);
    expect(scopesOf.viewer).toEqual(['secrets:list']);
    expect(scopesOf.member).toEqual(['secrets:list', 'secrets:read', 'secrets:write', 'secrets:delete']);
  });
});
