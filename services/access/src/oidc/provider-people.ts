import { Inject, Injectable } from '@nestjs/common';
import { AppError } from '#libs/kernel';
import type { MessageContext } from '#libs/transport';
import type { AccessConfig } from '../config';
import { mailbox } from '../mail/smtp-server';
import { NewUsers } from '../sign-up/new-users';
import { SignUpTickets, type Ticket } from '../sign-up/sign-up-tickets';
import { CONFIG } from '../tokens';
import { canonicalEmail } from '../users/canonical-email';
import type { User } from '../users/users';
import { Identities } from './identities';
import type { Profile, ProvenIdentity } from './oidc-provider';

const NAME_CHARACTERS_MAX = 100;

/** Finds and makes the users of people who sign in at the provider. */
@Injectable()
export class ProviderPeople {
  constructor(
    @Inject(CONFIG) private readonly config: AccessConfig,
    private readonly identities: Identities,
    private readonly newUsers: NewUsers,
    private readonly tickets: SignUpTickets,
  ) {}

  /** Gives the user of an identity; null for an unknown one. */
  async find(identity: ProvenIdentity): Promise<User | null> {
    return this.identities.find(identity);
  }

  /**
   * Gives the user, and makes one if the person is unknown and may sign up. The ticket, if any, is used for the user.
   */
  async welcome(identity: ProvenIdentity, ticket: Ticket, context: MessageContext): Promise<User> {
    const known = await this.identities.find(identity);
    if (known) {
      const person = { emailCanonical: known.emailCanonical, isOpen: true, come: async () => known };
      return this.tickets.admit(ticket, person, context);
    }
    const profile = await identity.profile(); // 1. the verified address
    const email = addressOf(profile);
    const emailCanonical = canonicalEmail(email);
    const domain = emailCanonical.split('@')[1] ?? '';
    const isOpen = this.config.oidc?.signUpDomains.includes(domain) === true;
    const come = () => this.#make(identity, { email, name: nameOf(profile) ?? email }, context);
    return this.tickets.admit(ticket, { emailCanonical, isOpen, come }, context); // 2. may this person sign up?
  }

  /** Makes the user. Fails with EMAIL_TAKEN when another user has the address. */
  async #make(
    identity: ProvenIdentity,
    { email, name }: { email: string; name: string },
    context: MessageContext,
  ): Promise<User> {
    let kept = '';
    const keep = async ({ userId, credentialsId }: { userId: string; credentialsId: string }) => {
      kept = credentialsId;
      await this.identities.keep(credentialsId, userId, identity);
    };
    const { user, isNew } = await this.newUsers.make({ email, name, keep }, context);
    if (isNew) return user;
    if (kept !== '') await this.identities.remove(kept);
    // The user with this address counts as another person unless the identity matches, because an address is no proof.
    const same = await this.identities.find(identity);
    if (!same) throw new AppError('EMAIL_TAKEN');
    return same;
  }
}

/** Gives the verified address. Fails with EMAIL_NOT_VERIFIED without one, because other people see the address. */
function addressOf({ verifiedEmail }: Profile): string {
  const address = mailbox(verifiedEmail ?? '')?.address;
  if (address === undefined || address !== verifiedEmail) throw new AppError('EMAIL_NOT_VERIFIED');
  return address;
}

/** Gives the name as one line of bounded length; null when nothing is left of it. */
function nameOf({ name }: Profile): string | null {
  const line = (name ?? '').replaceAll(/[\s\p{Cc}\p{Cs}]+/gu, ' ').trim();
  return line === '' ? null : Array.from(line).slice(0, NAME_CHARACTERS_MAX).join('');
}
