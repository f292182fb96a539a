import type { OrganizationEvent, OrganizationState } from '#libs/events';

type IssuedKey = Extract<OrganizationEvent, { type: 'ApiKeyIssued' }>['data'];

/** The first organization with its first key, in one append; nothing when it exists already. */
export function decideFirstOrganization(
  state: OrganizationState,
  { orgId, name, key, at }: { orgId: string; name: string; key: IssuedKey; at: string },
): OrganizationEvent[] {
  if (state.organization) return [];
  return [
    { type: 'OrganizationCreated', data: { orgId, name, createdAt: at, kind: 'shared', ownerId: null } },
    { type: 'ApiKeyIssued', data: key },
  ];
}
