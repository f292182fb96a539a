import { Controller } from '@nestjs/common';
import { changeOrganization, type ReplyOf, type RequestOf } from '#libs/contracts';
import { IdempotentAnswers } from '#libs/idempotency';
import { Handles, type MessageContext } from '#libs/transport';
import { actorIn, demand } from './actor';
import { decideOrganizationChange } from './organization.decider';
import { OrganizationViews } from './organization-views';
import { Organizations } from './organizations';

type Command = RequestOf<typeof changeOrganization>;
type Reply = ReplyOf<typeof changeOrganization>;

@Controller()
export class ChangeOrganizationHandler {
  constructor(
    private readonly answers: IdempotentAnswers,
    private readonly organizations: Organizations,
    private readonly views: OrganizationViews,
  ) {}

  @Handles(changeOrganization)
  async handle(command: Command, context: MessageContext): Promise<Reply> {
    const { caller, name, recoveryDays } = command;
    const request = { message: changeOrganization, command, fields: { name, recoveryDays } };
    return this.answers.once(request, async (identified) => {
      const { state, position } = await this.organizations.change(identified, context, (before, at) => {
        demand(actorIn(before, caller, at), 'change-organization');
        return decideOrganizationChange(before, { name, recoveryDays, at });
      });
      return { data: this.views.of(state, caller), position };
    });
  }
}
