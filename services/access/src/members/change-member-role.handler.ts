import { Controller } from '@nestjs/common';
import { changeMemberRole, type ReplyOf, type RequestOf } from '#libs/contracts';
import { IdempotentAnswers } from '#libs/idempotency';
import { Handles, type MessageContext } from '#libs/transport';
import { actorIn, demand, knownRole } from '../organizations/actor';
import { Organizations } from '../organizations/organizations';
import { decideRole, memberOf } from './member.decider';
import { MemberViews, namelessView } from './member-views';

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
    const request = { message: changeMemberRole, command, fields: { memberId, role } };
    const { data, position } = await this.answers.once(request, async (identified) => {
      const changed = await this.organizations.change(identified, context, (before, at) => {
        const member = memberOf(before, memberId);
        demand(actorIn(before, caller, at), 'change-member-role', { roles: [knownRole(member.role), role] });
        return decideRole(before, { member, role, at });
      });
      // This reply is stored for repetitions of the request, so it must hold no name and no address, which can be
      // erased.
      return { data: namelessView(memberOf(changed.state, memberId)), position: changed.position };
    });
    return { data: await this.views.named(data), position };
  }
}
