import { Controller } from '@nestjs/common';
import { createOrganization, type ReplyOf, type RequestOf } from '#libs/contracts';
import { IdempotentAnswers } from '#libs/idempotency';
import { AppError, idFromCommand } from '#libs/kernel';
import { Handles, type MessageContext } from '#libs/transport';
import { Users, type User } from '../users/users';
import { Memberships } from './memberships';
import { decideOrganization } from './organization.decider';
import { OrganizationViews } from './organization-views';

type Command = RequestOf<typeof createOrganization>;
type Reply = ReplyOf<typeof createOrganization>;

@Controller()
export class CreateOrganizationHandler {
  constructor(
    private readonly answers: IdempotentAnswers,
    private readonly memberships: Memberships,
    private readonly users: Users,
    private readonly views: OrganizationViews,
  ) {}

  @Handles(createOrganization)
  async handle(command: Command, context: MessageContext): Promise<Reply> {
    const { actorType, actorId } = command.caller;
    // Only a person can own an organization. The gateway already refuses keys.
    const owner = actorType === 'user' ? await this.users.find(actorId) : null;
    if (!owner) throw new AppError('FORBIDDEN');
    const request = { message: createOrganization, command, fields: { name: command.name } };
    return this.answers.once(request, (identified) => this.#create(identified, owner, context));
  }

  async #create(command: Command, owner: User, context: MessageContext): Promise<Reply> {
    const { name, commandId } = command;
    const orgId = idFromCommand('org', commandId);
    const memberId = idFromCommand('mem', commandId);
    const caller = { ...command.caller, orgId };
    const addition = { command: { ...command, caller }, context };
    const { state, position } = await this.memberships.add(owner, addition, (before, at) =>
      decideOrganization(before, { orgId, name, kind: 'shared', ownerId: owner.id, memberId, at }),
    );
    return { data: this.views.of(state, caller), position };
  }
}
