import { Controller } from '@nestjs/common';
import { listMembers, type ReplyOf, type RequestOf } from '#libs/contracts';
import { Handles } from '#libs/transport';
import { Organizations } from '../organizations/organizations';
import { MemberViews } from './member-views';

@Controller()
export class ListMembersHandler {
  constructor(
    private readonly organizations: Organizations,
    private readonly views: MemberViews,
  ) {}

  @Handles(listMembers)
  async handle({ caller }: RequestOf<typeof listMembers>): Promise<ReplyOf<typeof listMembers>> {
    const { members } = await this.organizations.recent(caller.orgId);
    return { data: await this.views.of([...members.values()]) };
  }
}
