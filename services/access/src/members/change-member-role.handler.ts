import { Controller } from '@nestjs/common';
import { changeMemberRole, type ReplyOf, type RequestOf } from '#libs/contracts';
import { IdempotentAnswers } from '#libs/idempotency';
import { Handles, type MessageContext } from '#libs/transport';
import { actorIn, demand, knownRole } from '../organizations/actor';
import { Organizations } from '../organizations/organizations';
import { decideRole, memberOf } from './member.decider';
import { MemberViews } from './member-views';

type Command = RequestOf<typeof changeMemberRole>;
type Reply = ReplyOf<typeof changeMemberRole>;

@Controller()
export class ChangeMemberRoleHandler {
  constructor(
    private readonly answers: IdempotentAnswers,
    private readonly organizations: Organizations,
    private readonly views: MemberViews,
  ) {}

  @Handles(changeMemberRole)
  async handle(command: Command, context: MessageContext): Promise<Reply> {
    const { caller, memberId, role } = command;
    const content = [changeMemberRole.name, JSON.stringify({ orgId: caller.orgId, memberId, role })];
    return this.answers.once(command, content, async (commandId) => {
      const identified = { ...command, commandId };
      const { state, position } = await this.organizations.change(identified, context, (before, at) => {
        const member = memberOf(before, memberId);
        demand(actorIn(before, caller, at), 'change-member-role', { roles: [knownRole(member.role), role] });
        return decideRole(before, { member, role, at });
      });
      return { data: await this.views.ofOne(memberOf(state, memberId)), position };
    });
  }
}
