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

/** The people whom the provider vouches for. */
@Injectable()
export class ProviderPeople {
  constructor(
    @Inject(CONFIG) private readonly config: AccessConfig,
    private readonly identities: Identities,
    private readonly newUsers: NewUsers,
    private readonly tickets: SignUpTickets,
  ) {}

  /** Null for who is not known here. */
  async find(identity: ProvenIdentity): Promise<User | null> {
    return this.identities.find(identity);
  }

  /** The person, made if they are not known and may come in; what their ticket is for is theirs afterwards. */
  async welcome(identity: ProvenIdentity, ticket: Ticket, context: MessageContext): Promise<User> {
    const known = await this.identities.find(identity);
    if (known) {
      const person = { emailCanonical: known.emailCanonical, isOpen: true, come: async () => known };
      return this.tickets.admit(ticket, person, context);
    }
    const profile = await identity.profile(); // 1. what the provider vouches for
    const email = addressOf(profile);
    const emailCanonical = canonicalEmail(email);
    const domain = emailCanonical.split('@')[1] ?? '';
    const isOpen = this.config.oidc?.signUpDomains.includes(domain) === true;
    const come = () => this.#make(identity, { email, name: nameOf(profile) ?? email }, context);
    return this.tickets.admit(ticket, { emailCanonical, isOpen, come }, context); // 2. who may come in
  }

  /** One person per address. */
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
    // Who has the address already is somebody else until they show otherwise: an address is no proof.
    const same = await this.identities.find(identity);
    if (!same) throw new AppError('EMAIL_TAKEN');
    return same;
  }
}

/** Fails with EMAIL_NOT_VERIFIED: it is shown to others, so somebody must vouch for it. */
function addressOf({ verifiedEmail }: Profile): string {
  const address = mailbox(verifiedEmail ?? '')?.address;
  if (address === undefined || address !== verifiedEmail) throw new AppError('EMAIL_NOT_VERIFIED');
  return address;
}

/** One line of text, as a person could have typed it; null when nothing is left. */
function nameOf({ name }: Profile): string | null {
  const line = (name ?? '').replaceAll(/[\s\p{Cc}\p{Cs}]+/gu, ' ').trim();
  return line === '' ? null : Array.from(line).slice(0, NAME_CHARACTERS_MAX).join('');
}
