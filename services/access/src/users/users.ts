import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { CollectionSpec, Document, ReadStore } from '#libs/read-store';
import { READ_STORE } from '../tokens';

/** A person: a record that can be erased, never an event. */
export interface User {
  /** `usr_…`, what events call this person. */
  readonly id: string;
  readonly email: string;
  /** See `canonicalEmail`; one user each. */
  readonly emailCanonical: string;
  readonly name: string;
  readonly createdAt: string;
  readonly personalOrgId: string;
}

export const usersCollection = {
  name: 'users_v1',
  fields: { emailCanonical: 'string', createdAt: 'string' },
  indexes: [['emailCanonical', 'createdAt']],
} as const satisfies CollectionSpec;

/** So many are asked for at once. */
const LOOKUPS_MAX = 100;

/** Users by id. */
@Injectable()
export class Users implements OnModuleInit {
  constructor(@Inject(READ_STORE) private readonly reads: ReadStore) {}

  async onModuleInit(): Promise<void> {
    await this.reads.ensureCollection(usersCollection);
  }

  /** Null when there is no such user, or no longer. */
  async find(userId: string): Promise<User | null> {
    return toUser(await this.reads.get(usersCollection.name, userId));
  }

  /** Null when nobody has this address, given in its canonical form. */
  async findByEmail(emailCanonical: string): Promise<User | null> {
    const [found = null] = await this.reads.find(usersCollection.name, {
      where: { emailCanonical },
      sort: { field: 'createdAt', direction: 'ascending' },
      limit: 1,
    });
    return toUser(found);
  }

  /** Where a user is when a request names no organization. */
  async personalOrganization(userId: string): Promise<string | null> {
    return (await this.find(userId))?.personalOrgId ?? null;
  }

  /** Those of the given users that are there, by id. */
  async findAll(userIds: readonly string[]): Promise<ReadonlyMap<string, User>> {
    const found = new Map<string, User>();
    for (let from = 0; from < userIds.length; from += LOOKUPS_MAX) {
      const users = await Promise.all(userIds.slice(from, from + LOOKUPS_MAX).map((id) => this.find(id)));
      for (const user of users) if (user) found.set(user.id, user);
    }
    return found;
  }
}

function toUser(document: Document | null): User | null {
  return document as User | null;
}
