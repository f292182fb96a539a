import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Clock } from '#libs/kernel';
import type { CollectionSpec, ReadStore } from '#libs/read-store';
import { CLOCK, READ_STORE } from '../tokens';
import { canonicalEmail } from '../users/canonical-email';
import { Users } from '../users/users';

const DAY_MS = 86_400_000;
const INVITATION_DAYS = 7;
/** More invitations than any quota that an operator can set. */
const LIST_MAX = 20_000;

/** The address that was invited. It is a record that can be erased, and stands in no event. */
export interface InvitedAddress {
  /** `inv_…` */
  readonly id: string;
  readonly orgId: string;
  readonly email: string;
  readonly emailCanonical: string;
  readonly expiresAt: string;
}

/** The user and the earlier invitations of an address. */
interface Addressee {
  /** The user with this address; null when there is none. */
  readonly userId: string | null;
  /**
   * Ids of earlier invitations of this address to the organization. Some may not exist: `keep` runs before the
   * decision.
   */
  readonly replaces: readonly string[];
}

const invitationsCollection = {
  name: 'invitations_v1',
  fields: { orgId: 'string', emailCanonical: 'string', expiresAt: 'string' },
  indexes: [['orgId', 'emailCanonical', 'expiresAt'], ['expiresAt']],
} as const satisfies CollectionSpec;

/** Gives the time at which an invitation made at `at` expires. Both are ISO 8601. */
export function invitationExpiry(at: string): string {
  return new Date(Date.parse(at) + INVITATION_DAYS * DAY_MS).toISOString();
}

/** Keeps the addresses that were invited. An address is erased when its invitation is revoked or has expired. */
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

  /** Gives the invited addresses of an organization, by the id of the invitation. */
  async addressesOf(orgId: string): Promise<ReadonlyMap<string, InvitedAddress>> {
    const rows = await this.reads.find(invitationsCollection.name, {
      where: { orgId },
      sort: { field: 'id', direction: 'ascending' },
      limit: LIST_MAX,
    });
    return new Map(rows.map((row) => [row.id, row as unknown as InvitedAddress]));
  }

  /**
   * Stores an address before the event of its invitation is appended. Without that event the address invites nobody,
   * and is erased when it expires.
   */
  async keep(id: string, orgId: string, email: string): Promise<void> {
    const now = this.clock.now();
    const expiresAt = invitationExpiry(now.toISOString());
    const address: InvitedAddress = { id, orgId, email, emailCanonical: canonicalEmail(email), expiresAt };
    await this.reads.put(invitationsCollection.name, { ...address });
  }

  async erase(id: string): Promise<void> {
    await this.reads.remove(invitationsCollection.name, id);
  }

  /** Erases all records of an address, when its person is erased. The invitations themselves expire. */
  async eraseAllTo(emailCanonical: string): Promise<void> {
    const rows = await this.reads.find(invitationsCollection.name, {
      where: { emailCanonical },
      sort: { field: 'id', direction: 'ascending' },
      limit: LIST_MAX,
    });
    for (const { id } of rows) await this.erase(id);
  }

  /** Erases the addresses of expired invitations. */
  async purge(): Promise<void> {
    const now = this.clock.now().toISOString();
    await this.reads.removeBefore(invitationsCollection.name, 'expiresAt', now);
  }
}
