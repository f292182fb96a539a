import { randomBytes, randomUUID } from 'node:crypto';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { constantTimeEqual } from '#libs/crypto';
import { Keyring } from '#libs/key-store';
import { AppError, idFromCommand, newCommandId, uuidV5, type Clock, type Redacted } from '#libs/kernel';
import type { CollectionSpec, ReadStore } from '#libs/read-store';
import type { MessageContext } from '#libs/transport';
import { FIRST_ORGANIZATION_ID } from '../organizations/first-organization';
import { Memberships } from '../organizations/memberships';
import { Organizations } from '../organizations/organizations';
import { hashOpaqueToken, opaqueToken } from '../sessions/opaque-token';
import { CLOCK, READ_STORE } from '../tokens';
import { Turns } from '../turns';
import { Users, type User } from '../users/users';
import { decideFirstOwner, ownersOf } from './first-owner.decider';

const linksCollection = {
  name: 'sign_up_links_v1',
  fields: {},
  indexes: [],
} as const satisfies CollectionSpec;

const ONLY = 'first-owner';
const BYTES = 32;
const LEASE = 'sign-up-link';
/** Longer than a sign-up takes. If a process dies during one, the link is blocked for this long. */
const LEASE_MS = 30_000;

/**
 * The link by which the first owner signs up. It is valid while nobody can sign in as an owner of the first
 * organization, and each start prints the same one until then. The store holds a seed, which is useless without the
 * installation's keys, and the hash of the token. Using the link replaces both.
 */
@Injectable()
export class FirstOwner implements OnModuleInit {
  readonly #turns = new Turns();
  readonly #holder = randomUUID();

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(READ_STORE) private readonly reads: ReadStore,
    private readonly keyring: Keyring,
    private readonly memberships: Memberships,
    private readonly organizations: Organizations,
    private readonly users: Users,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.reads.ensureCollection(linksCollection);
  }

  /** Gives the token of the link; null when there is an owner. */
  async token(): Promise<Redacted<string> | null> {
    if (await this.#isThere()) return null;
    const wanted = await this.#newRecord();
    const { seed } = await this.reads.putIfAbsent(linksCollection.name, wanted);
    return this.#tokenOf(String(seed));
  }

  /**
   * Signs one person up by the link: `come` makes the user, who then becomes the owner, and the link is used up. Only
   * one person at a time is admitted, over all processes, because others who hold the link could otherwise sign up as
   * well. When `come` fails, the link stays valid. Fails with NOT_FOUND for an invalid token, and with
   * CONCURRENT_CHANGE while another process admits somebody.
   */
  async admit(token: Redacted<string>, come: () => Promise<User>, context: MessageContext): Promise<User> {
    await this.#assertGood(token); // an invalid token must not wait, or block others
    return this.#turns.take(ONLY, () =>
      this.#alone(async () => {
        await this.#assertGood(token); // somebody may have used the link meanwhile
        const user = await come();
        await this.#become(user, context);
        return user;
      }),
    );
  }

  async #assertGood(token: Redacted<string>): Promise<void> {
    const record = await this.reads.get(linksCollection.name, ONLY);
    const given = await this.#hash(token);
    const kept = record ? String(record['hash']) : '';
    const isSame = constantTimeEqual(given, Buffer.from(kept, 'hex'));
    if (!isSame || (await this.#isThere())) throw notGood();
  }

  /** Runs `work` while no other process does. Fails with CONCURRENT_CHANGE while another process holds the lease. */
  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const fence = await this.reads.acquireLease(LEASE, this.#holder, LEASE_MS);
    if (fence === null) throw new AppError('CONCURRENT_CHANGE');
    try {
      return await work();
    } finally {
      // If the store is down, the lease expires by itself.
      await this.reads.releaseLease(LEASE, this.#holder).catch(() => undefined);
    }
  }

  /**
   * Makes the user the owner; may be repeated for the same user. Fails with NOT_FOUND when another user is the owner.
   */
  async #become(user: User, context: MessageContext): Promise<void> {
    const { id: userId } = user;
    const gone = await this.#goneOwners();
    const memberId = idFromCommand('mem', uuidV5('first owner', userId));
    const command = {
      caller: { orgId: FIRST_ORGANIZATION_ID, actorType: 'user' as const, actorId: userId },
      commandId: newCommandId(this.clock.now()),
    };
    await this.memberships.add(user, { command, context }, (state, at) =>
      decideFirstOwner(state, { userId, memberId, isGone: (owner) => gone.has(owner), at }),
    );
    await this.reads.put(linksCollection.name, await this.#newRecord());
  }

  /** Tells whether somebody can sign in as an owner. */
  async #isThere(): Promise<boolean> {
    const owners = ownersOf(await this.organizations.recent(FIRST_ORGANIZATION_ID));
    return owners.length > (await this.#goneOwners()).size;
  }

  async #goneOwners(): Promise<ReadonlySet<string>> {
    const owners = ownersOf(await this.organizations.recent(FIRST_ORGANIZATION_ID));
    const known = await this.users.findAll(owners);
    return new Set(owners.filter((owner) => !known.has(owner)));
  }

  async #newRecord() {
    const seed = randomBytes(BYTES).toString('hex');
    const hash = await this.#hash(await this.#tokenOf(seed));
    return { id: ONLY, seed, hash: hash.toString('hex') };
  }

  async #tokenOf(seed: string): Promise<Redacted<string>> {
    return opaqueToken(await this.keyring.derive('sign-up', seed, BYTES));
  }

  async #hash(token: Redacted<string>): Promise<Buffer> {
    return Buffer.from(hashOpaqueToken(await this.keyring.instanceKey('sign-in'), 'sign-up', token), 'hex');
  }
}

function notGood(): AppError {
  const safeMessage =
    'This sign-up link does not exist, or was used; the server prints one at its start while it needs an owner';
  return new AppError('NOT_FOUND', { safeMessage });
}
