import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Caller } from '#libs/contracts';
import { AppError, newId, type Clock } from '#libs/kernel';
import type { CollectionSpec, Document, ReadStore } from '#libs/read-store';
import { CLOCK, READ_STORE } from '../tokens';
import { Pseudonyms } from './pseudonyms';

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
  /** Random, made with this record: whatever lets this person in names it, so what an earlier attempt left lets nobody in. */
  readonly credentialsId: string;
}

const usersCollection = {
  name: 'users_v1',
  fields: { createdAt: 'string' },
  indexes: [],
} as const satisfies CollectionSpec;

/** Who has an address: one record each, under a pseudonym of the address, and whoever writes it first has it. */
const claimsCollection = {
  name: 'email_claims_v1',
  fields: {},
  indexes: [],
} as const satisfies CollectionSpec;

/** So many are asked for at once. */
const LOOKUPS_MAX = 100;

/** Users by id and by address. */
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

  /** Null when there is no such user, or no longer. */
  async find(userId: string): Promise<User | null> {
    return toUser(await this.reads.get(usersCollection.name, userId));
  }

  /** The person who calls. Fails with NOT_FOUND for who was erased a moment ago, FORBIDDEN for a key. */
  async callerOf({ actorType, actorId }: Caller): Promise<User> {
    if (actorType !== 'user') throw new AppError('FORBIDDEN');
    const user = await this.find(actorId);
    if (!user) throw new AppError('NOT_FOUND');
    return user;
  }

  /** Null when nobody has this address, given in its canonical form. */
  async findByEmail(emailCanonical: string): Promise<User | null> {
    const claim = await this.reads.get(claimsCollection.name, await this.#claimId(emailCanonical));
    const user = await this.find(claim ? String(claim['userId']) : NOBODY);
    return user?.emailCanonical === emailCanonical ? user : null;
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

  /**
   * The id of who has this address, or will have it: an attempt that died before there was a user leaves its id to the
   * next, so nothing that was made for it is left over.
   */
  async claim(emailCanonical: string): Promise<string> {
    const id = await this.#claimId(emailCanonical);
    const wanted = { id, userId: newId('usr', this.clock.now()) };
    return String((await this.reads.putIfAbsent(claimsCollection.name, wanted))['userId']);
  }

  /** Gives the user that is there afterwards: another, when somebody was faster. */
  async add(user: User): Promise<User> {
    return (await this.reads.putIfAbsent(usersCollection.name, { ...user })) as unknown as User;
  }

  /** Null for who was erased in the meantime: this has brought the record back, and it must be erased again. */
  async rename(user: User, name: string): Promise<User | null> {
    const renamed = { ...user, name };
    await this.reads.put(usersCollection.name, renamed);
    return (await this.isThere(user)) ? renamed : null;
  }

  /**
   * False from the first step of an erasure on. Whoever has written something of this person's asks afterwards: if it is
   * true, the erasure has yet to remove what was written; if it is false, the writer must remove it.
   */
  async isThere({ id, emailCanonical }: User): Promise<boolean> {
    const claim = await this.reads.get(claimsCollection.name, await this.#claimId(emailCanonical));
    return claim?.['userId'] === id;
  }

  /** The first step of an erasure; `isThere` says why. The address is free at once. */
  async giveUpEmail(user: User): Promise<void> {
    if (await this.isThere(user))
      await this.reads.remove(claimsCollection.name, await this.#claimId(user.emailCanonical));
  }

  /** The last step of an erasure. */
  async remove(userId: string): Promise<void> {
    await this.reads.remove(usersCollection.name, userId);
  }

  async #claimId(emailCanonical: string): Promise<string> {
    return this.pseudonyms.of('email', emailCanonical);
  }
}

/** Looked up for an address that nobody has, so that it takes as long. */
const NOBODY = 'nobody';

function toUser(document: Document | null): User | null {
  return document as User | null;
}
