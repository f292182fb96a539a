/**
 * Gives the text of docs/roles.md, from the table of permissions (docs/adr/0013) and the routes that name its actions.
 */
export function rolesPage({ permissions, routes }) {
  const { actions, may, roles, scopes } = permissions;
  const routed = new Set(routes.map(({ requirement }) => requirement));
  const hasRoute = (action) => routed.has(action);
  const isToCome = (action) => !hasRoute(action);
  const person = (action) => (role) => {
    if (may({ role, scopes: [] }, action)) return 'yes';
    return may({ role, scopes: [] }, action, { own: true }) ? 'own' : '–';
  };
  const scopeOf = (needed) => (needed === 'user' || needed.scope === null ? '–' : `\`${needed.scope}\``);
  const ofScope = (scope) =>
    Object.keys(actions)
      .filter((action) => hasRoute(action) && actions[action].scope === scope)
      .map((action) => `\`${action}\``);
  const row = (...cells) => `| ${cells.join(' | ')} |`;
  const table = (heads, rows) =>
    [row(...heads), row(...heads.map(() => '---')), ...rows.map((cells) => row(...cells))].join('\n');
  const actionTable = (isListed) =>
    table(
      ['action', ...roles, 'scope of a key'],
      Object.entries(actions)
        .filter(([action]) => isListed(action))
        .map(([action, needed]) => [`\`${action}\``, ...roles.map(person(action)), scopeOf(needed)]),
    );
  return `# Roles and scopes

Who may do what, generated from libs/contracts/src/access/permissions.ts by \`npm run gen\`. The same table decides at run
time, and a test tries every route with every role and every scope.

## Actions

\`own\` means: only for the person's own membership. Only an owner, or a key with every scope, may give or take the roles
admin and owner, or make a key with every scope. Nobody can give a key a scope, a lifetime or addresses that they do not
have themselves. Actions without a scope are only for people.

${actionTable(hasRoute)}

## Scopes

What a key with this one scope may do. Every key that may make keys, and every owner and admin, can hand on what they
have themselves.

${table(
  ['scope', 'actions'],
  scopes.map((scope) => [`\`${scope}\``, ofScope(scope).join(', ') || 'none yet']),
)}

## Routes

${table(
  ['route', 'action'],
  routes
    .map(({ method, path, requirement }) => [`\`${method} ${path}\``, `\`${requirement}\``])
    .sort(([a], [b]) => a.split(' ')[1].localeCompare(b.split(' ')[1]) || a.localeCompare(b)),
)}

## Not yet

These actions are decided, and count when a role gives scopes to a key, but have no route.

${actionTable(isToCome)}
`;
}
