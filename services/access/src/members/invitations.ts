import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Clock } from '#libs/kernel';
import type { CollectionSpec, ReadStore } from '#libs/read-store';
import { CLOCK, READ_STORE } from '../tokens';
import { canonicalEmail } from '../users/canonical-email';
import { Users } from '../users/users';

const DAY_MS = 86_400_000;
const INVITATION_DAYS = 7;
/** Above any quota an operator can set. */
const LIST_MAX = 20_000;

/** Whom an invitation is for: a record that can be erased, never an event. */
export interface InvitedAddress {
  /** `inv_…` */
  readonly id: string;
  readonly orgId: string;
  readonly email: string;
  readonly emailCanonical: string;
  readonly expiresAt: string;
}

/** What is known of an address before it is invited. */
interface Addressee {
  /** The user who has it; null when nobody does. */
  readonly userId: string | null;
  /** Ids of the address's invitations to the organization, also of those that were refused after `keep`. */
  readonly replaces: readonly string[];
}

const invitationsCollection = {
  name: 'invitations_v1',
  fields: { orgId: 'string', emailCanonical: 'string', expiresAt: 'string' },
  indexes: [['orgId', 'emailCanonical', 'expiresAt'], ['expiresAt']],
} as const satisfies CollectionSpec;

/** When an invitation of this time runs out, ISO 8601. */
export function invitationExpiry(at: string): string {
  return new Date(Date.parse(at) + INVITATION_DAYS * DAY_MS).toISOString();
}

/** The addresses that were invited. They are erased with the invitation: when it is revoked, or has run out. */
@Injectable()
export class Invitations implements OnModuleInit {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(READ_STORE) private readonly reads: ReadStore,
    private readonly users: Users,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.reads.ensureCollection(invitationsCollection);
  }

  async find(id: string): Promise<InvitedAddress | null> {
    return (await this.reads.get(invitationsCollection.name, id)) as InvitedAddress | null;
  }

  async addressee(orgId: string, email: string): Promise<Addressee> {
    const emailCanonical = canonicalEmail(email);
    const earlier = await this.reads.find(invitationsCollection.name, {
      where: { orgId, emailCanonical },
      sort: { field: 'expiresAt', direction: 'descending' },
      limit: LIST_MAX,
    });
    const user = await this.users.findByEmail(emailCanonical);
    return { userId: user?.id ?? null, replaces: earlier.map(({ id }) => id) };
  }

  /** All of an organization, by id. */
  async addressesOf(orgId: string): Promise<ReadonlyMap<string, InvitedAddress>> {
    const rows = await this.reads.find(invitationsCollection.name, {
      where: { orgId },
      sort: { field: 'id', direction: 'ascending' },
      limit: LIST_MAX,
    });
    return new Map(rows.map((row) => [row.id, row as unknown as InvitedAddress]));
  }

  /** Before the event that needs it: an address without an invitation invites nobody, and is erased like any other. */
  async keep(id: string, orgId: string, email: string): Promise<void> {
    const now = this.clock.now();
    const expiresAt = invitationExpiry(now.toISOString());
    const address: InvitedAddress = { id, orgId, email, emailCanonical: canonicalEmail(email), expiresAt };
    await this.reads.put(invitationsCollection.name, { ...address });
  }

  async erase(id: string): Promise<void> {
    await this.reads.remove(invitationsCollection.name, id);
  }

  /** For who is erased; the invitations themselves run out. */
  async eraseAllTo(emailCanonical: string): Promise<void> {
    const rows = await this.reads.find(invitationsCollection.name, {
      where: { emailCanonical },
      sort: { field: 'id', direction: 'ascending' },
      limit: LIST_MAX,
    });
    for (const { id } of rows) await this.erase(id);
  }

  /** Erases the addresses of invitations that have run out. */
  async purge(): Promise<void> {
    const now = this.clock.now().toISOString();
    await this.reads.removeBefore(invitationsCollection.name, 'expiresAt', now);
  }
}
