import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Redacted } from '#libs/kernel';
import type { CollectionSpec, ReadStore } from '#libs/read-store';
import { READ_STORE } from '../tokens';
import type { User } from '../users/users';
import { PasswordHasher } from './password-hasher';

const passwordsCollection = {
  name: 'passwords_v1',
  fields: {},
  indexes: [],
} as const satisfies CollectionSpec;

/** The id to look up for an unknown person, so that the lookup takes as long as for a known one. */
const NOBODY = 'nobody';

/** Stores the hash of each person's password, in a record with the `credentialsId` of the user as its id. */
@Injectable()
export class Passwords implements OnModuleInit {
  constructor(
    @Inject(READ_STORE) private readonly reads: ReadStore,
    private readonly hasher: PasswordHasher,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.reads.ensureCollection(passwordsCollection);
  }

  /** Fails with RATE_LIMITED under a flood. To be called before any other work for a request. */
  assertRoom(): void {
    this.hasher.assertRoom();
  }

  /**
   * Verifies a password. Gives false after the same work for an unknown person or one without a password. Fails with
   * RATE_LIMITED under a flood.
   */
  async verify(user: User | null, password: Redacted<string>): Promise<boolean> {
    return this.hasher.verify(await this.#hashOf(user), password);
  }

  async has(user: User): Promise<boolean> {
    return (await this.#hashOf(user)) !== null;
  }

  /**
   * Gives a function that tells whether the stored hash is still the same; each new hash differs. To be called before
   * the password is verified, which takes long enough for somebody to change it.
   */
  async watch(user: User | null): Promise<() => Promise<boolean>> {
    const before = await this.#hashOf(user);
    return async () => (await this.#hashOf(user)) === before;
  }

  async hash(password: Redacted<string>): Promise<string> {
    return this.hasher.hash(password);
  }

  /** Stores a hash that `hash` gave. */
  async keep(credentialsId: string, hash: string): Promise<void> {
    await this.reads.put(passwordsCollection.name, { id: credentialsId, hash });
  }

  async remove(credentialsId: string): Promise<void> {
    await this.reads.remove(passwordsCollection.name, credentialsId);
  }

  async #hashOf(user: User | null): Promise<string | null> {
    const record = await this.reads.get(passwordsCollection.name, user?.credentialsId ?? NOBODY);
    return record ? String(record['hash']) : null;
  }
}
