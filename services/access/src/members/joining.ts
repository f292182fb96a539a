import { Inject, Injectable } from '@nestjs/common';
import { parseInvitationToken } from '#libs/crypto';
import type { OrganizationState } from '#libs/events';
import { AppError, idFromCommand, isAppError, uuidV5, type Clock, type Redacted } from '#libs/kernel';
import type { MessageContext } from '#libs/transport';
import type { AccessConfig } from '../config';
import { Memberships } from '../organizations/memberships';
import { Organizations, type Changed } from '../organizations/organizations';
import { CLOCK, CONFIG } from '../tokens';
import type { Claimant } from '../users/users';
import { InvitationLinks, isSameHash } from './invitation-links';
import { Invitations } from './invitations';
import { decideJoin, openInvitationOf } from './member.decider';

interface Join {
  readonly user: Claimant;
  readonly token: Redacted<string>;
  readonly commandId: string;
}

/** Makes a person with an invitation a member. */
@Injectable()
export class Joining {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: AccessConfig,
    private readonly invitations: Invitations,
    private readonly links: InvitationLinks,
    private readonly memberships: Memberships,
    private readonly organizations: Organizations,
  ) {}

  /**
   * Uses up the invitation. Fails with NOT_FOUND for any invalid token, whatever the cause. Fails with FORBIDDEN when
   * the invitation is for another address, because the token may have been forwarded or stolen. Fails with
   * ALREADY_MEMBER or QUOTA_EXCEEDED.
   */
  async join({ user, token, commandId }: Join, context: MessageContext): Promise<Changed> {
    return this.#join(user, { invited: await this.#find(token), commandId }, context);
  }

  /**
   * The same for a person who signs up, and may have used up the invitation in an earlier attempt. The command's id
   * derives from the token's hash, so a repetition is recognised by the token that was used, and by no other. Fails with
   * NOT_FOUND also for a person who was removed since. Somebody who is a member already may come in. Gives the
   * organization.
   */
  async enter(person: Claimant, token: Redacted<string>, context: MessageContext): Promise<string> {
    const invited = await this.#find(token);
    const { orgId } = invited;
    const commandId = uuidV5('sign-up by invitation', invited.hash, person.id);
    try {
      await this.#join(person, { invited, commandId }, context);
    } catch (error) {
      if (isAppError(error, 'ALREADY_MEMBER')) return orgId;
      throw error;
    }
    const { members } = await this.organizations.recent(orgId);
    if (!members.has(person.id)) throw notGood();
    return orgId;
  }

  async #join(
    user: Claimant,
    { invited, commandId }: { invited: PresentedInvitation; commandId: string },
    context: MessageContext,
  ): Promise<Changed> {
    const { invitationId, orgId } = invited;
    const caller = { orgId, actorType: 'user' as const, actorId: user.id };
    const decide = (state: OrganizationState, at: string) => {
      assertGood(state, invited, user.emailCanonical);
      const memberId = idFromCommand('mem', commandId);
      const member = { memberId, userId: user.id, joinedAt: at, invitationId };
      return decideJoin(state, { member, membersMax: this.config.membersPerOrganizationMax });
    };
    return this.memberships.add(user, { command: { caller, commandId }, context }, decide);
  }

  /**
   * Checks that a person with this address could use the invitation now, or is a member already, so that `enter` must
   * tell whether they used it up themselves. It does not use it up. `holder` is the id that the address has, if any.
   * Fails like `join`, except for ALREADY_MEMBER and QUOTA_EXCEEDED.
   */
  async check(token: Redacted<string>, emailCanonical: string, holder: string | null): Promise<void> {
    const invited = await this.#find(token);
    const state = await this.organizations.recent(invited.orgId);
    if (invited.emailCanonical === emailCanonical && state.members.has(holder ?? '')) return;
    assertGood(state, invited, emailCanonical);
    openInvitationOf(state, invited.invitationId, this.clock.now().toISOString());
  }

  async #find(token: Redacted<string>): Promise<PresentedInvitation> {
    const presented = parseInvitationToken(token);
    const address = presented && (await this.invitations.find(presented.id));
    if (!presented || !address) throw notGood();
    const { id: invitationId, orgId, emailCanonical } = address;
    return { invitationId, orgId, emailCanonical, hash: await this.links.hash(presented) };
  }
}

/** The content of a presented token, and the address of the invitation that it names. */
interface PresentedInvitation {
  readonly invitationId: string;
  readonly orgId: string;
  readonly emailCanonical: string;
  readonly hash: string;
}

function assertGood(state: OrganizationState, invited: PresentedInvitation, emailCanonical: string): void {
  const invitation = state.invitations.get(invited.invitationId);
  if (!invitation || !isSameHash(invitation.hash, invited.hash)) throw notGood();
  if (invited.emailCanonical !== emailCanonical) throw notForYou();
}

function notGood(): AppError {
  const safeMessage = 'This invitation does not exist, or is over; ask for a new one';
  return new AppError('NOT_FOUND', { safeMessage });
}

function notForYou(): AppError {
  const safeMessage = 'This invitation is for another e-mail address; sign in with that one';
  return new AppError('FORBIDDEN', { safeMessage });
}
