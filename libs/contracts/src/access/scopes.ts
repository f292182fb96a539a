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
