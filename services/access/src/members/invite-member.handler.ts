import { Controller, Inject } from '@nestjs/common';
import { inviteMember, type InvitationView, type ReplyOf, type RequestOf } from '#libs/contracts';
import { IdempotentAnswers } from '#libs/idempotency';
import { idFromCommand } from '#libs/kernel';
import { Handles, type MessageContext } from '#libs/transport';
import type { AccessConfig } from '../config';
import type { Mailer } from '../mail/mailer';
import { actorIn, demand } from '../organizations/actor';
import { Organizations } from '../organizations/organizations';
import { CONFIG, MAILER } from '../tokens';
import { InvitationLinks } from './invitation-links';
import { invitationExpiry, Invitations } from './invitations';
import { decideInvite, invitationOf } from './member.decider';

type Command = RequestOf<typeof inviteMember>;
type Reply = ReplyOf<typeof inviteMember>;
/**
 * The outcome that is stored for repetitions of the request. It has no address, because the address is erased when the
 * invitation ends.
 */
interface InviteOutcome {
  readonly data: Omit<InvitationView, 'email'>;
  readonly mailed: boolean;
  readonly position: string;
}

@Controller()
export class InviteMemberHandler {
  constructor(
    @Inject(CONFIG) private readonly config: AccessConfig,
    @Inject(MAILER) private readonly mailer: Mailer,
    private readonly answers: IdempotentAnswers,
    private readonly invitations: Invitations,
    private readonly links: InvitationLinks,
    private readonly organizations: Organizations,
  ) {}

  @Handles(inviteMember)
  async handle(command: Command, context: MessageContext): Promise<Reply> {
    const { email, role } = command;
    const request = { message: inviteMember, command, fields: { email, role } };
    const { reply, seed } = await this.answers.seeded(request, (identified, invitationSeed) =>
      this.#invite(identified, invitationSeed, context),
    );
    const { link } = await this.links.make(reply.data.id, seed);
    // A repetition has the same address as the first request, because the same key with another address is refused.
    return { ...reply, data: { ...reply.data, email }, acceptLink: link };
  }

  async #invite(command: Command, seed: string, context: MessageContext): Promise<InviteOutcome> {
    const { caller, email, role } = command;
    const invitationId = idFromCommand('inv', command.commandId);
    const { link, hash } = await this.links.make(invitationId, seed);
    const addressee = await this.invitations.addressee(caller.orgId, email);
    await this.invitations.keep(invitationId, caller.orgId, email);
    const { membersPerOrganizationMax: membersMax } = this.config;
    const { state, position } = await this.organizations.change(command, context, (before, at) => {
      demand(actorIn(before, caller, at), 'invite-member', { roles: [role] });
      const invitation = { invitationId, role, hash, invitedAt: at, expiresAt: invitationExpiry(at) };
      return decideInvite(before, { invitation, ...addressee, membersMax });
    });
    const { invitedAt, expiresAt } = invitationOf(state, invitationId);
    const data = { id: invitationId, role, invited_at: invitedAt, expires_at: expiresAt };
    // A repetition may find that the invitation has ended. Then its address must not come back, and its link is not
    // mailed.
    const { invitations } = await this.organizations.recent(caller.orgId);
    if (!invitations.has(invitationId)) {
      await this.invitations.erase(invitationId);
      return { data, mailed: false, position };
    }
    const organization = state.organization?.name ?? '';
    const mailed = await this.mailer.invite({ to: email, organization, link, expiresAt });
    return { data, mailed, position };
  }
}
