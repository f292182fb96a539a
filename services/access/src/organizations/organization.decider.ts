import type { OrganizationEvent, OrganizationState } from '#libs/events';
import { AppError } from '#libs/kernel';

type IssuedKey = Extract<OrganizationEvent, { type: 'ApiKeyIssued' }>['data'];

/** Makes the first organization with its first key, in one append. Gives no event when it exists. */
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

export interface NewOrganization {
  readonly orgId: string;
  readonly name: string;
  readonly kind: 'personal' | 'shared';
  /** The user who makes it, and its first member. */
  readonly ownerId: string;
  readonly memberId: string;
  readonly at: string;
}

/** Makes an organization with its owner, in one append. Gives no event when it exists. */
export function decideOrganization(
  state: OrganizationState,
  { orgId, name, kind, ownerId, memberId, at }: NewOrganization,
): OrganizationEvent[] {
  if (state.organization) return [];
  const owner = { memberId, userId: ownerId, role: 'owner', joinedAt: at, invitationId: null };
  return [
    { type: 'OrganizationCreated', data: { orgId, name, createdAt: at, kind, ownerId } },
    { type: 'MemberJoined', data: owner },
  ];
}

interface OrganizationChange {
  readonly name?: string | undefined;
  readonly recoveryDays?: number | null | undefined;
  readonly at: string;
}

/** Changes the fields that were sent. Gives no event when nothing differs. */
export function decideOrganizationChange(
  { organization }: OrganizationState,
  change: OrganizationChange,
): OrganizationEvent[] {
  if (!organization) throw new AppError('NOT_FOUND');
  const { name = organization.name, recoveryDays = organization.recoveryDays, at } = change;
  if (name === organization.name && recoveryDays === organization.recoveryDays) return [];
  return [{ type: 'OrganizationChanged', data: { name, recoveryDays, changedAt: at } }];
}
