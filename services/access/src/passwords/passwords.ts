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

/** Looked up for a person nobody knows, so that it takes as long. */
const NOBODY = 'nobody';

/** What is stored of people's passwords, a record each, under the id that the person's record names. */
@Injectable()
export class Passwords implements OnModuleInit {
  constructor(
    @Inject(READ_STORE) private readonly reads: ReadStore,
    private readonly hasher: PasswordHasher,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.reads.ensureCollection(passwordsCollection);
  }

  /** False, after the same work, for nobody and for who has no password. Fails with RATE_LIMITED under a flood. */
  async verify(user: User | null, password: Redacted<string>): Promise<boolean> {
    return this.hasher.verify(await this.#hashOf(user), password);
  }

  async has(user: User): Promise<boolean> {
    return (await this.#hashOf(user)) !== null;
  }

  /**
   * Gives what tells later whether the password is still the one of now; no hash comes twice. To be called before a
   * password is verified: that takes long enough for somebody to change it.
   */
  async watch(user: User | null): Promise<() => Promise<boolean>> {
    const before = await this.#hashOf(user);
    return async () => (await this.#hashOf(user)) === before;
  }

  async hash(password: Redacted<string>): Promise<string> {
    return this.hasher.hash(password);
  }

  /** `hash`: what `hash` gave. */
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
