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

/** More than attempts to sign up that die halfway leave. */
const ATTEMPTS_MAX = 100;

type Identity = Pick<ProvenIdentity, 'issuer' | 'subject'>;

/**
 * Who at the provider is which person here: by issuer and subject, of which a pseudonym is kept, and by nothing else. A
 * record each, under the id that the person's own record names, so what an attempt that died left lets nobody in.
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

  /** Null when nobody here is this person. */
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
