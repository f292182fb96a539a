import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { AppError, idFromCommand, newCommandId, uuidV5, type Clock } from '#libs/kernel';
import type { MessageContext } from '#libs/transport';
import { decideGone } from '../organizations/leaving.decider';
import { Memberships } from '../organizations/memberships';
import { decideOrganization } from '../organizations/organization.decider';
import { CLOCK } from '../tokens';
import { canonicalEmail } from '../users/canonical-email';
import { Users, type Claimant, type User } from '../users/users';

/** The name must not be the person's, because an organization's events cannot be erased. */
const PERSONAL_ORGANIZATION_NAME = 'Personal';

/** What lets a new user sign in. */
export interface Credential {
  /**
   * Stores the credential under `credentialsId`, before the user record exists, so that no user is ever without a
   * credential.
   */
  readonly keep: (credentialsId: string, userId: string) => Promise<void>;
  /** Removes what `keep` stored, when it belongs to no user. */
  readonly remove: (credentialsId: string) => Promise<void>;
  /** Fails with EMAIL_TAKEN unless this is a credential of the user. */
  readonly recognise: (user: User) => Promise<void>;
}

/**
 * Uses a person's ticket, if there is one; may be repeated for the same person. Gives the organization that an
 * invitation is for, null without one.
 */
export type Enter = (person: Claimant) => Promise<string | null>;

interface NewUser {
  readonly email: string;
  readonly name: string;
  readonly credential: Credential;
  readonly enter: Enter;
}

/**
 * Makes users. It claims the address, makes the personal organization, and uses the ticket, before it writes the user
 * record: whose ticket is refused does not become a user. An attempt that is interrupted in between leaves a member
 * without a name, and its repetition goes on under the same id.
 */
@Injectable()
export class NewUsers {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly memberships: Memberships,
    private readonly users: Users,
  ) {}

  /**
   * Makes the user of an address, or gives the one who has it and is recognised. Fails with CONCURRENT_CHANGE for a
   * person who is erased at the same time, of whom it then leaves nothing.
   */
  async make({ email, name, credential, enter }: NewUser, context: MessageContext): Promise<User> {
    const emailCanonical = canonicalEmail(email);
    const userId = await this.users.claim(emailCanonical);
    const person = { id: userId, emailCanonical };
    const known = await this.users.find(userId);
    if (known) {
      await credential.recognise(known);
      await enter(known);
      return known;
    }
    const personalOrgId = await this.#personalOrganization(person, context);
    const invitedTo = await enter(person);
    await this.#leaveOthers(userId, [personalOrgId, ...(invitedTo === null ? [] : [invitedTo])], context);
    const credentialsId = randomUUID();
    await credential.keep(credentialsId, userId);
    const createdAt = this.clock.now().toISOString();
    return this.#add(
      { ...person, email: email.trim(), name, createdAt, personalOrgId, credentialsId },
      credential,
    );
  }

  /**
   * Ends what an interrupted attempt has joined by an invitation that this one does not show: whoever comes next with an
   * address need not be the same person. A request that was faster keeps what it has joined.
   */
  async #leaveOthers(userId: string, kept: readonly string[], context: MessageContext): Promise<void> {
    if (await this.users.find(userId)) return;
    await this.memberships.endAll(userId, { decide: decideGone, kept }, context);
  }

  /** Writes the user record, unless another request was faster. */
  async #add(wanted: User, credential: Credential): Promise<User> {
    const user = await this.users.add(wanted);
    const isOurs = user.credentialsId === wanted.credentialsId;
    const isThere = await this.users.isThere(wanted);
    if (isOurs && isThere) return user;
    await credential.remove(wanted.credentialsId);
    if (isOurs) await this.users.remove(wanted.id);
    if (!isThere) throw new AppError('CONCURRENT_CHANGE');
    await credential.recognise(user);
    return user;
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
