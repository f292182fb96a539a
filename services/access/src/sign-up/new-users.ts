import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { idFromCommand, newCommandId, uuidV5, type Clock } from '#libs/kernel';
import type { MessageContext } from '#libs/transport';
import { Memberships } from '../organizations/memberships';
import { decideOrganization } from '../organizations/organization.decider';
import { Organizations } from '../organizations/organizations';
import { CLOCK } from '../tokens';
import { canonicalEmail } from '../users/canonical-email';
import { Users, type User } from '../users/users';

/** No person's name: an organization's stream holds none. */
const PERSONAL_ORGANIZATION_NAME = 'Personal';

interface NewUser {
  readonly email: string;
  readonly name: string;
  /** Keeps what lets the person in, under this id, before there is a person: nobody is ever locked out of a new account. */
  readonly keep: (user: { readonly userId: string; readonly credentialsId: string }) => Promise<void>;
}

/** How a person becomes known: an address of their own, an organization of their own, then the record. */
@Injectable()
export class NewUsers {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly memberships: Memberships,
    private readonly organizations: Organizations,
    private readonly users: Users,
  ) {}

  /** `isNew` is false when the address has a user already, or somebody was faster; then nothing was kept for them. */
  async make(
    { email, name, keep }: NewUser,
    context: MessageContext,
  ): Promise<{ user: User; isNew: boolean }> {
    const emailCanonical = canonicalEmail(email);
    const userId = await this.users.claim(emailCanonical);
    const known = await this.users.find(userId);
    if (known) return { user: known, isNew: false };
    const personalOrgId = await this.#personalOrganization(userId, context);
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

  /** The same for the same person, so that a second attempt makes no second one. */
  async #personalOrganization(ownerId: string, context: MessageContext): Promise<string> {
    const orgId = idFromCommand('org', uuidV5('personal organization', ownerId));
    const memberId = idFromCommand('mem', uuidV5('personal organization', ownerId));
    const command = {
      caller: { orgId, actorType: 'user' as const, actorId: ownerId },
      commandId: newCommandId(this.clock.now()),
    };
    const name = PERSONAL_ORGANIZATION_NAME;
    await this.memberships.adding(ownerId, (withinQuota) =>
      this.organizations.change(command, context, (state, at) =>
        withinQuota(decideOrganization(state, { orgId, name, kind: 'personal', ownerId, memberId, at })),
      ),
    );
    return orgId;
  }
}
