import { Controller } from '@nestjs/common';
import { removeMember, type ReplyOf, type RequestOf } from '#libs/contracts';
import { IdempotentAnswers } from '#libs/idempotency';
import { Handles, type MessageContext } from '#libs/transport';
import { actorIn, demand, knownRole } from '../organizations/actor';
import { Organizations } from '../organizations/organizations';
import { decideRemoval, memberOf } from './member.decider';

type Command = RequestOf<typeof removeMember>;
type Reply = ReplyOf<typeof removeMember>;

@Controller()
export class RemoveMemberHandler {
  constructor(
    private readonly answers: IdempotentAnswers,
    private readonly organizations: Organizations,
  ) {}

  @Handles(removeMember)
  async handle(command: Command, context: MessageContext): Promise<Reply> {
    const { caller, memberId } = command;
    const request = { message: removeMember, command, fields: { memberId } };
    return this.answers.once(request, async (identified) => {
      const { position } = await this.organizations.change(identified, context, (before, at) => {
        const actor = actorIn(before, caller, at);
        const member = memberOf(before, memberId);
        const own = member.userId === actor.userId;
        demand(actor, 'remove-member', { own, roles: [knownRole(member.role)] });
        return decideRemoval(before, { member, at });
      });
      return { position };
    });
  }
}
