import { Inject, Injectable } from '@nestjs/common';
import { AppError, isAppError } from '#libs/kernel';
import type { MessageContext } from '#libs/transport';
import type { AccessConfig } from '../config';
import { mailbox } from '../mail/smtp-server';
import { NewUsers, type Credential, type Enter } from '../sign-up/new-users';
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
   * Gives the user, and makes one if the person is unknown and may sign up. The ticket, if any, is used for the user. A
   * known person needs none, so one that is over keeps nobody out: the page may have kept it from an earlier sign-in.
   */
  async welcome(identity: ProvenIdentity, ticket: Ticket, context: MessageContext): Promise<User> {
    const known = await this.identities.find(identity);
    if (known) return this.#admitKnown(known, ticket, context);
    const profile = await identity.profile(); // 1. the verified address
    const email = addressOf(profile);
    const emailCanonical = canonicalEmail(email);
    const domain = emailCanonical.split('@')[1] ?? '';
    const isOpen = this.config.oidc?.signUpDomains.includes(domain) === true;
    const credential = this.#credentialOf(identity);
    const come = (enter: Enter) =>
      this.newUsers.make({ email, name: nameOf(profile) ?? email, credential, enter }, context);
    return this.tickets.admit(ticket, { emailCanonical, isOpen, come }, context); // 2. may this person sign up?
  }

  async #admitKnown(known: User, ticket: Ticket, context: MessageContext): Promise<User> {
    const come = async (enter: Enter) => {
      await enter(known);
      return known;
    };
    const person = { emailCanonical: known.emailCanonical, isOpen: true, come };
    return this.tickets.admit(ticket, person, context).catch((error: unknown) => {
      if (isAppError(error, 'NOT_FOUND')) return known;
      throw error;
    });
  }

  #credentialOf(identity: ProvenIdentity): Credential {
    return {
      keep: (credentialsId, userId) => this.identities.keep(credentialsId, userId, identity),
      remove: (credentialsId) => this.identities.remove(credentialsId),
      // The user with this address counts as another person unless the identity matches, because an address is no
      // proof.
      recognise: async (user) => {
        const same = await this.identities.find(identity);
        if (same?.id !== user.id) throw new AppError('EMAIL_TAKEN');
      },
    };
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
