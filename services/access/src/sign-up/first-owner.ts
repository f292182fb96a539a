import { randomBytes } from 'node:crypto';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { constantTimeEqual } from '#libs/crypto';
import { Keyring } from '#libs/key-store';
import { idFromCommand, newCommandId, uuidV5, type Redacted } from '#libs/kernel';
import type { CollectionSpec, ReadStore } from '#libs/read-store';
import type { MessageContext } from '#libs/transport';
import { Memberships } from '../members/memberships';
import { FIRST_ORGANIZATION_ID } from '../organizations/first-organization';
import { Organizations } from '../organizations/organizations';
import { hashOpaqueToken, opaqueToken } from '../sessions/opaque-token';
import { READ_STORE } from '../tokens';
import { Users } from '../users/users';
import { decideFirstOwner, ownersOf } from './first-owner.decider';

const linksCollection = {
  name: 'sign_up_links_v1',
  fields: {},
  indexes: [],
} as const satisfies CollectionSpec;

const ONLY = 'first-owner';
const BYTES = 32;

/**
 * The link by which the first person comes in. It holds while nobody can sign in as an owner of the first organization,
 * and is the same at every start until then. Kept are a seed, which is nothing without the installation's keys, and the
 * hash of the token; using the link replaces both.
 */
@Injectable()
export class FirstOwner implements OnModuleInit {
  constructor(
    @Inject(READ_STORE) private readonly reads: ReadStore,
    private readonly keyring: Keyring,
    private readonly memberships: Memberships,
    private readonly organizations: Organizations,
    private readonly users: Users,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.reads.ensureCollection(linksCollection);
  }

  /** The token of the link; null when there is an owner. */
  async token(): Promise<Redacted<string> | null> {
    if (await this.isThere()) return null;
    const wanted = await this.newRecord();
    const { seed } = await this.reads.putIfAbsent(linksCollection.name, wanted);
    return this.tokenOf(String(seed));
  }

  /** False for any token but the one that holds. */
  async isGood(token: Redacted<string>): Promise<boolean> {
    const record = await this.reads.get(linksCollection.name, ONLY);
    const given = await this.hash(token);
    const kept = record ? String(record['hash']) : '';
    const isSame = constantTimeEqual(given, Buffer.from(kept, 'hex'));
    return isSame && !(await this.isThere());
  }

  /** Uses the link up. Repeated for the same person it changes nothing; NOT_FOUND once it was another. */
  async become(userId: string, context: MessageContext): Promise<void> {
    const gone = await this.goneOwners();
    const memberId = idFromCommand('mem', uuidV5('first owner', userId));
    const command = {
      caller: { orgId: FIRST_ORGANIZATION_ID, actorType: 'user' as const, actorId: userId },
      commandId: newCommandId(),
    };
    await this.memberships.adding(userId, () =>
      this.organizations.change(command, context, (state, at) =>
        decideFirstOwner(state, { userId, memberId, isGone: (owner) => gone.has(owner), at }),
      ),
    );
    await this.reads.put(linksCollection.name, await this.newRecord());
  }

  /** True once somebody can sign in as an owner. */
  private async isThere(): Promise<boolean> {
    const owners = ownersOf(await this.organizations.recent(FIRST_ORGANIZATION_ID));
    return owners.length > (await this.goneOwners()).size;
  }

  private async goneOwners(): Promise<ReadonlySet<string>> {
    const owners = ownersOf(await this.organizations.recent(FIRST_ORGANIZATION_ID));
    const known = await this.users.findAll(owners);
    return new Set(owners.filter((owner) => !known.has(owner)));
  }

  private async newRecord() {
    const seed = randomBytes(BYTES).toString('hex');
    const hash = await this.hash(await this.tokenOf(seed));
    return { id: ONLY, seed, hash: hash.toString('hex') };
  }

  private async tokenOf(seed: string): Promise<Redacted<string>> {
    return opaqueToken(await this.keyring.derive('sign-up', seed, BYTES));
  }

  private async hash(token: Redacted<string>): Promise<Buffer> {
    return Buffer.from(hashOpaqueToken(await this.keyring.instanceKey('sign-in'), 'sign-up', token), 'hex');
  }
}
