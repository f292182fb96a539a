import { Controller } from '@nestjs/common';
import { acceptInvitation, type ReplyOf, type RequestOf } from '#libs/contracts';
import { IdempotentAnswers } from '#libs/idempotency';
import { AppError } from '#libs/kernel';
import { Handles, type MessageContext } from '#libs/transport';
import { OrganizationViews } from '../organizations/organization-views';
import { Users } from '../users/users';
import { Joining } from './joining';

type Command = RequestOf<typeof acceptInvitation>;
type Reply = ReplyOf<typeof acceptInvitation>;

@Controller()
export class AcceptInvitationHandler {
  constructor(
    private readonly answers: IdempotentAnswers,
    private readonly joining: Joining,
    private readonly users: Users,
    private readonly views: OrganizationViews,
  ) {}

  @Handles(acceptInvitation)
  async handle(command: Command, context: MessageContext): Promise<Reply> {
    const { caller, token } = command;
    const user = caller.actorType === 'user' ? await this.users.find(caller.actorId) : null;
    if (!user) throw new AppError('FORBIDDEN');
    const request = { message: acceptInvitation, command, fields: {}, secret: token };
    return this.answers.once(request, async ({ commandId }) => {
      const joined = await this.joining.join({ user, token, commandId }, context);
      const organization = joined.state.organization?.id ?? '';
      const data = this.views.of(joined.state, { ...caller, orgId: organization });
      return { data, position: joined.position };
    });
  }
}
