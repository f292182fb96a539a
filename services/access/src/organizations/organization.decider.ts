import type { ApiKey, OrganizationEvent, OrganizationState } from '#libs/events';

/** The first organization with its first key, in one append; nothing when it exists already. */
export function decideFirstOrganization(
  state: OrganizationState,
  { orgId, name, key, at }: { orgId: string; name: string; key: ApiKey; at: string },
): OrganizationEvent[] {
  if (state.organization) return [];
  return [
    { type: 'OrganizationCreated', data: { orgId, name, createdAt: at } },
    { type: 'ApiKeyIssued', data: key },
  ];
}
