import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { idFromCommand, newCommandId, uuidV5, type Clock } from '#libs/kernel';
import type { MessageContext } from '#libs/transport';
import { Memberships } from '../organizations/memberships';
import { decideOrganization } from '../organizations/organization.decider';
import { CLOCK } from '../tokens';
import { canonicalEmail } from '../users/canonical-email';
import { Users, type Claimant, type User } from '../users/users';

/** The name must not be the person's, because an organization's events cannot be erased. */
const PERSONAL_ORGANIZATION_NAME = 'Personal';

interface NewUser {
  readonly email: string;
  readonly name: string;
  /**
   * Stores the credential under this id, before the user record exists, so that no user is ever without a credential.
   */
  readonly keep: (user: { readonly userId: string; readonly credentialsId: string }) => Promise<void>;
}

/** Makes users. It claims the address, makes the personal organization, and then writes the user record. */
@Injectable()
export class NewUsers {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly memberships: Memberships,
    private readonly users: Users,
  ) {}

  /**
   * Gives the user of an address. `isNew` is false when the address already had one, or when another request was
   * faster; a credential that `keep` may have stored then belongs to no user.
   */
  async make(
    { email, name, keep }: NewUser,
    context: MessageContext,
  ): Promise<{ user: User; isNew: boolean }> {
    const emailCanonical = canonicalEmail(email);
    const userId = await this.users.claim(emailCanonical);
    const known = await this.users.find(userId);
    if (known) return { user: known, isNew: false };
    const personalOrgId = await this.#personalOrganization({ id: userId, emailCanonical }, context);
    const credentialsId = randomUUID();
    await keep({ userId, credentialsId });
    const createdAt = this.clock.now().toISOString();
    const wanted = {
      id: userId,
      email: email.trim(),
      emailCanonical,
      name,
      createdAt,
      personalOrgId,
      credentialsId,
    };
    const user = await this.users.add(wanted);
    return { user, isNew: user.credentialsId === credentialsId };
  }

  /**
   * Makes the personal organization. Its id derives from the user, so that a second attempt makes no second
   * organization.
   */
  async #personalOrganization(owner: Claimant, context: MessageContext): Promise<string> {
    const { id: ownerId } = owner;
    const orgId = idFromCommand('org', uuidV5('personal organization', ownerId));
    const memberId = idFromCommand('mem', uuidV5('personal organization', ownerId));
    const command = {
      caller: { orgId, actorType: 'user' as const, actorId: ownerId },
      commandId: newCommandId(this.clock.now()),
    };
    const name = PERSONAL_ORGANIZATION_NAME;
    await this.memberships.add(owner, { command, context }, (state, at) =>
      decideOrganization(state, { orgId, name, kind: 'personal', ownerId, memberId, at }),
    );
    return orgId;
  }
}
