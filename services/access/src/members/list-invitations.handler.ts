import { Controller, Inject } from '@nestjs/common';
import { listInvitations, type ReplyOf, type RequestOf } from '#libs/contracts';
import type { Clock } from '#libs/kernel';
import { Handles } from '#libs/transport';
import { knownRole } from '../organizations/actor';
import { Organizations } from '../organizations/organizations';
import { CLOCK } from '../tokens';
import { Invitations } from './invitations';

@Controller()
export class ListInvitationsHandler {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly invitations: Invitations,
    private readonly organizations: Organizations,
  ) {}

  @Handles(listInvitations)
  async handle({ caller }: RequestOf<typeof listInvitations>): Promise<ReplyOf<typeof listInvitations>> {
    const { invitations } = await this.organizations.recent(caller.orgId);
    const addresses = await this.invitations.addressesOf(caller.orgId);
    const now = this.clock.now().toISOString();
    const open = [...invitations.values()].filter(({ expiresAt }) => expiresAt > now);
    const data = open.map(({ invitationId, role, invitedAt, expiresAt }) => ({
      id: invitationId,
      email: addresses.get(invitationId)?.email ?? null,
      role: knownRole(role),
      invited_at: invitedAt,
      expires_at: expiresAt,
    }));
    return { data };
  }
}
