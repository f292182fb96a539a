import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Caller } from '#libs/contracts';
import { AppError, newId, type Clock } from '#libs/kernel';
import type { CollectionSpec, Document, ReadStore } from '#libs/read-store';
import { CLOCK, READ_STORE } from '../tokens';
import { Pseudonyms } from './pseudonyms';

/** A person. It is a record that can be erased, and stands in no event. */
export interface User {
  /** `usr_…`, the id of this person in events. */
  readonly id: string;
  readonly email: string;
  /** See `canonicalEmail`. No two users have the same one. */
  readonly emailCanonical: string;
  readonly name: string;
  readonly createdAt: string;
  readonly personalOrgId: string;
  /**
   * A random id, new with each attempt to sign up. Credentials are stored under it, so credentials that an interrupted
   * attempt left belong to nobody.
   */
  readonly credentialsId: string;
}

/** A person as far as they are known before the user record is written: the id, and the address that it has claimed. */
export type Claimant = Pick<User, 'id' | 'emailCanonical'>;

const usersCollection = {
  name: 'users_v1',
  fields: { createdAt: 'string' },
  indexes: [],
} as const satisfies CollectionSpec;

/** Who has an address. Each address has one record, under its pseudonym, and the first to write it has the address. */
const claimsCollection = {
  name: 'email_claims_v1',
  fields: {},
  indexes: [],
} as const satisfies CollectionSpec;

/** How many users are looked up in parallel. */
const LOOKUPS_MAX = 100;

/** Finds and stores users, by id and by address. */
@Injectable()
export class Users implements OnModuleInit {
  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(READ_STORE) private readonly reads: ReadStore,
    private readonly pseudonyms: Pseudonyms,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.reads.ensureCollection(usersCollection);
    await this.reads.ensureCollection(claimsCollection);
  }

  /** Gives a user; null when there is none, or no longer. */
  async find(userId: string): Promise<User | null> {
    return toUser(await this.reads.get(usersCollection.name, userId));
  }

  /** Gives the user who calls. Fails with NOT_FOUND for a user who was just erased, and FORBIDDEN for a key. */
  async callerOf({ actorType, actorId }: Caller): Promise<User> {
    if (actorType !== 'user') throw new AppError('FORBIDDEN');
    const user = await this.find(actorId);
    if (!user) throw new AppError('NOT_FOUND');
    return user;
  }

  /** Gives the user of an address in its canonical form; null when nobody has it. */
  async findByEmail(emailCanonical: string): Promise<User | null> {
    const user = await this.find((await this.holderOf(emailCanonical)) ?? NOBODY);
    return user?.emailCanonical === emailCanonical ? user : null;
  }

  /** Gives the id under which an address was claimed, with or without a user record; null when nobody has claimed it. */
  async holderOf(emailCanonical: string): Promise<string | null> {
    const claim = await this.reads.get(claimsCollection.name, await this.#claimId(emailCanonical));
    return claim && String(claim['userId']);
  }

  /** Gives those of the users that exist, by id. */
  async findAll(userIds: readonly string[]): Promise<ReadonlyMap<string, User>> {
    const found = new Map<string, User>();
    for (let from = 0; from < userIds.length; from += LOOKUPS_MAX) {
      const users = await Promise.all(userIds.slice(from, from + LOOKUPS_MAX).map((id) => this.find(id)));
      for (const user of users) if (user) found.set(user.id, user);
    }
    return found;
  }

  /**
   * Gives the id of the user who has this address, or will have it. An interrupted attempt leaves its id to the next
   * attempt, so that the organization it made is used again.
   */
  async claim(emailCanonical: string): Promise<string> {
    const id = await this.#claimId(emailCanonical);
    const wanted = { id, userId: newId('usr', this.clock.now()) };
    return String((await this.reads.putIfAbsent(claimsCollection.name, wanted))['userId']);
  }

  /** Stores a user. Gives the stored user, which is another one when another request was faster. */
  async add(user: User): Promise<User> {
    return (await this.reads.putIfAbsent(usersCollection.name, { ...user })) as unknown as User;
  }

  /**
   * Renames a user. Gives null for a user who was erased in the meantime; the write has then brought the record back,
   * and it must be erased again.
   */
  async rename(user: User, name: string): Promise<User | null> {
    const renamed = { ...user, name };
    await this.reads.put(usersCollection.name, renamed);
    return (await this.isThere(user)) ? renamed : null;
  }

  /**
   * Gives false from the first step of an erasure on. Every writer of a record of the person asks this after the write.
   * If it is true, the erasure will remove the record; if it is false, the writer must remove it.
   */
  async isThere({ id, emailCanonical }: Claimant): Promise<boolean> {
    return (await this.holderOf(emailCanonical)) === id;
  }

  /** Frees the address, as the first step of an erasure; `isThere` says why. */
  async giveUpEmail(user: User): Promise<void> {
    if (await this.isThere(user))
      await this.reads.remove(claimsCollection.name, await this.#claimId(user.emailCanonical));
  }

  /** Removes the user record, as the last step of an erasure. */
  async remove(userId: string): Promise<void> {
    await this.reads.remove(usersCollection.name, userId);
  }

  async #claimId(emailCanonical: string): Promise<string> {
    return this.pseudonyms.of('email', emailCanonical);
  }
}

/** The id to look up for an address that nobody has, so that the lookup takes as long. */
const NOBODY = 'nobody';

function toUser(document: Document | null): User | null {
  return document as User | null;
}
