import { Controller } from '@nestjs/common';
import { getOrganization, type ReplyOf, type RequestOf } from '#libs/contracts';
import { Handles } from '#libs/transport';
import { OrganizationViews } from './organization-views';
import { Organizations } from './organizations';

@Controller()
export class GetOrganizationHandler {
  constructor(
    private readonly organizations: Organizations,
    private readonly views: OrganizationViews,
  ) {}

  @Handles(getOrganization)
  async handle({ caller }: RequestOf<typeof getOrganization>): Promise<ReplyOf<typeof getOrganization>> {
    return { data: this.views.of(await this.organizations.recent(caller.orgId), caller) };
  }
}
