import { Controller } from '@nestjs/common';
import { listOrganizations, type Caller, type ReplyOf, type RequestOf } from '#libs/contracts';
import { Handles } from '#libs/transport';
import { Memberships } from './memberships';
import { OrganizationViews } from './organization-views';
import { Organizations } from './organizations';

@Controller()
export class ListOrganizationsHandler {
  constructor(
    private readonly memberships: Memberships,
    private readonly organizations: Organizations,
    private readonly views: OrganizationViews,
  ) {}

  /** The index finds the organizations. Whether the person is still a member is read from their streams. */
  @Handles(listOrganizations)
  async handle({ caller }: RequestOf<typeof listOrganizations>): Promise<ReplyOf<typeof listOrganizations>> {
    const states = await Promise.all((await this.#idsOf(caller)).map((id) => this.organizations.recent(id)));
    const data = states
      .filter(({ members }) => caller.actorType !== 'user' || members.has(caller.actorId))
      .map((state) => this.views.of(state, caller));
    return { data: [...data].sort((a, b) => Number(b.kind === 'personal') - Number(a.kind === 'personal')) };
  }

  async #idsOf({ orgId, actorType, actorId }: Caller): Promise<readonly string[]> {
    return actorType === 'user' ? this.memberships.organizationsOf(actorId) : [orgId];
  }
}
