import { Controller } from '@nestjs/common';
import { createOrganization, type ReplyOf, type RequestOf } from '#libs/contracts';
import { IdempotentAnswers } from '#libs/idempotency';
import { AppError, idFromCommand } from '#libs/kernel';
import { Handles, type MessageContext } from '#libs/transport';
import { Memberships } from './memberships';
import { decideOrganization } from './organization.decider';
import { OrganizationViews } from './organization-views';
import { Organizations } from './organizations';

type Command = RequestOf<typeof createOrganization>;
type Reply = ReplyOf<typeof createOrganization>;

@Controller()
export class CreateOrganizationHandler {
  constructor(
    private readonly answers: IdempotentAnswers,
    private readonly memberships: Memberships,
    private readonly organizations: Organizations,
    private readonly views: OrganizationViews,
  ) {}

  @Handles(createOrganization)
  async handle(command: Command, context: MessageContext): Promise<Reply> {
    // Only a person can own an organization. The gateway already refuses keys.
    if (command.caller.actorType !== 'user') throw new AppError('FORBIDDEN');
    const request = { message: createOrganization, command, fields: { name: command.name } };
    return this.answers.once(request, (identified) => this.#create(identified, context));
  }

  async #create(command: Command, context: MessageContext): Promise<Reply> {
    const { name, commandId } = command;
    const ownerId = command.caller.actorId;
    const orgId = idFromCommand('org', commandId);
    const memberId = idFromCommand('mem', commandId);
    const caller = { ...command.caller, orgId };
    const { state, position } = await this.memberships.adding(ownerId, (withinQuota) =>
      this.organizations.change({ ...command, caller }, context, (before, at) =>
        withinQuota(decideOrganization(before, { orgId, name, kind: 'shared', ownerId, memberId, at })),
      ),
    );
    return { data: this.views.of(state, caller), position };
  }
}
