import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { CollectionSpec, ReadStore } from '#libs/read-store';
import { READ_STORE } from '../tokens';
import { Pseudonyms } from '../users/pseudonyms';
import { Users, type User } from '../users/users';
import type { ProvenIdentity } from './oidc-provider';

const identitiesCollection = {
  name: 'oidc_identities_v1',
  fields: { subject: 'string' },
  indexes: [['subject']],
} as const satisfies CollectionSpec;

/** More records than interrupted attempts to sign up can leave for one subject. */
const ATTEMPTS_MAX = 100;

type Identity = Pick<ProvenIdentity, 'issuer' | 'subject'>;

/**
 * Maps a provider's identity to a user, by a pseudonym of issuer and subject only. Each record's id is a user's
 * `credentialsId`. A record that an interrupted attempt left has the id of no user, so nobody can sign in with it.
 */
@Injectable()
export class Identities implements OnModuleInit {
  constructor(
    @Inject(READ_STORE) private readonly reads: ReadStore,
    private readonly pseudonyms: Pseudonyms,
    private readonly users: Users,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.reads.ensureCollection(identitiesCollection);
  }

  /** Gives the user of an identity; null when there is none. */
  async find(identity: Identity): Promise<User | null> {
    const subject = await this.#pseudonym(identity);
    const records = await this.reads.find(identitiesCollection.name, {
      where: { subject },
      sort: { field: 'id', direction: 'ascending' },
      limit: ATTEMPTS_MAX,
    });
    for (const { id, userId } of records) {
      const user = await this.users.find(String(userId));
      if (user?.credentialsId === id) return user;
    }
    return null;
  }

  async has({ credentialsId }: User): Promise<boolean> {
    return (await this.reads.get(identitiesCollection.name, credentialsId)) !== null;
  }

  async keep(credentialsId: string, userId: string, identity: Identity): Promise<void> {
    const subject = await this.#pseudonym(identity);
    await this.reads.put(identitiesCollection.name, { id: credentialsId, userId, subject });
  }

  async remove(credentialsId: string): Promise<void> {
    await this.reads.remove(identitiesCollection.name, credentialsId);
  }

  async #pseudonym({ issuer, subject }: Identity): Promise<string> {
    return this.pseudonyms.of('oidc-subject', issuer, subject);
  }
}
