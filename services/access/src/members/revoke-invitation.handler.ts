import { Controller } from '@nestjs/common';
import { revokeInvitation, type ReplyOf, type RequestOf } from '#libs/contracts';
import { IdempotentAnswers } from '#libs/idempotency';
import { Handles, type MessageContext } from '#libs/transport';
import { actorIn, demand, knownRole } from '../organizations/actor';
import { Organizations } from '../organizations/organizations';
import { Invitations } from './invitations';
import { decideInvitationEnd, invitationOf } from './member.decider';

type Command = RequestOf<typeof revokeInvitation>;
type Reply = ReplyOf<typeof revokeInvitation>;

@Controller()
export class RevokeInvitationHandler {
  constructor(
    private readonly answers: IdempotentAnswers,
    private readonly invitations: Invitations,
    private readonly organizations: Organizations,
  ) {}

  @Handles(revokeInvitation)
  async handle(command: Command, context: MessageContext): Promise<Reply> {
    const { caller, invitationId } = command;
    const request = { message: revokeInvitation, command, fields: { invitationId } };
    return this.answers.once(request, async (identified) => {
      const { position } = await this.organizations.change(identified, context, (before, at) => {
        const { role } = invitationOf(before, invitationId);
        demand(actorIn(before, caller, at), 'revoke-invitation', { roles: [knownRole(role)] });
        return decideInvitationEnd(before, { invitationId, at });
      });
      await this.invitations.erase(invitationId);
      return { position };
    });
  }
}
