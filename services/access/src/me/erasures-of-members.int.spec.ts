import type { Role } from '#libs/contracts';
import type { EventStore } from '#libs/event-store';
import type { Redacted } from '#libs/kernel';
import type { RunningProjection } from '#libs/projection';
import type { ReadStore } from '#libs/read-store';
import { intercepted, openTestStores, type TestStores } from '#libs/testing';
import {
  type AccessWorld,
  commandOf,
  context,
  type Inhabitant,
  openAccessWorld,
  tokenIn,
} from '../../../../test/access-world';
import { AcceptInvitationHandler } from '../members/accept-invitation.handler';
import { ChangeMemberRoleHandler } from '../members/change-member-role.handler';
import { InviteMemberHandler } from '../members/invite-member.handler';
import { CreateOrganizationHandler } from '../organizations/create-organization.handler';
import { Memberships } from '../organizations/memberships';
import { Organizations } from '../organizations/organizations';
import { MEMBER_INDEX } from '../tokens';
import { Users } from '../users/users';
import { Erasures } from './erasures';

jest.setTimeout(60_000);

type Actor = Inhabitant['caller'];

describe('Erasures of members', () => {
  let stores: TestStores;
  let world: AccessWorld;
  /** Another process. */
  let other: AccessWorld;
  let owner: Actor;
  /** Done once, just before somebody joins. */
  let beforeJoining: (() => Promise<void>) | undefined;
  /** Done once, just before an address is given up. */
  let beforeGivingUp: (() => Promise<void>) | undefined;

  const append: EventStore['append'] = async (request) => {
    const first = request.events.some(({ type }) => type === 'MemberJoined') ? beforeJoining : undefined;
    if (first) beforeJoining = undefined;
    await first?.();
    return stores.events.append(request);
  };
  const remove: ReadStore['remove'] = async (collection, id) => {
    const first = collection === 'email_claims_v1' ? beforeGivingUp : undefined;
    if (first) beforeGivingUp = undefined;
    await first?.();
    return stores.reads.remove(collection, id);
  };
  const create = async (caller: Actor) => {
    const command = { ...commandOf(caller), name: 'Shared' };
    stores.clock.pass(1_000);
    return world.app.get(CreateOrganizationHandler).handle(command, context);
  };
  const invite = async (email: string, role: Role) => {
    const command = { ...commandOf(owner), email, role };
    return tokenIn((await world.app.get(InviteMemberHandler).handle(command, context)).acceptLink);
  };
  const accept = async (caller: Actor, token: Redacted<string>) => {
    stores.clock.pass(1_000);
    return world.app.get(AcceptInvitationHandler).handle({ ...commandOf(caller), token }, context);
  };
  /** Somebody new who has joined in this role. */
  const join = async (email: string, role: Role): Promise<Actor> => {
    const { caller } = await world.signUp(email);
    await accept(caller, await invite(email, role));
    return { ...caller, orgId: owner.orgId };
  };
  const erase = async ({ actorId }: Actor) => other.app.get(Erasures).erase(actorId, context);
  const organizationsOf = async ({ actorId }: Actor) => {
    const index = other.app.get<RunningProjection>(MEMBER_INDEX);
    await index.waitFor((await stores.events.head()) ?? '0', 5_000);
    return other.app.get(Memberships).organizationsOf(actorId);
  };
  const codeOf = async (work: Promise<unknown>) =>
    work.then(
      () => 'done',
      (error: unknown) => (error as { code: string }).code,
    );

  beforeEach(async () => {
    beforeJoining = undefined;
    beforeGivingUp = undefined;
    stores = await openTestStores();
    world = await openAccessWorld({ ...stores, events: intercepted(stores.events, { append }) });
    other = await openAccessWorld({ ...stores, reads: intercepted(stores.reads, { remove }) });
    owner = (await world.signUp('ada@example.com')).caller;
    owner = { ...owner, orgId: (await create(owner)).data.id };
  });
  afterEach(async () => {
    for (const { app } of [world, other]) await app.close();
    await stores.discard();
  });

  it('are over when one is refused: nobody is erased later who was told to stay', async () => {
    const grace = await join('grace@example.com', 'owner');
    const eve = await join('eve@example.com', 'member');
    const outcomes = await Promise.all([erase(owner), erase(grace)].map(codeOf));
    expect([...outcomes].sort()).toEqual(['LAST_OWNER', 'done']);
    const left = outcomes[0] === 'LAST_OWNER' ? owner : grace;
    expect(await stores.reads.count('erasures_v1', { where: {} })).toBe(0);
    expect(await organizationsOf(left)).toHaveLength(2);

    // What the refusal advises, and then the next start.
    stores.clock.pass(2_000);
    const shared = await world.app.get(Organizations).recent(owner.orgId);
    const memberId = shared.members.get(eve.actorId)?.memberId ?? '';
    const promotion = { ...commandOf(left), memberId, role: 'owner' as const };
    await world.app.get(ChangeMemberRoleHandler).handle(promotion, context);
    await other.app.get(Erasures).begin();
    expect(await other.app.get(Users).find(left.actorId)).not.toBeNull();
  });

  describe('leave nobody behind who', () => {
    let grace: Actor;
    const works = {
      accepts: async () => accept(grace, await invite('grace@example.com', 'owner')),
      'makes an organization': async () => create(grace),
    };

    beforeEach(async () => {
      grace = (await world.signUp('grace@example.com')).caller;
    });

    it.each(['accepts', 'makes an organization'] as const)('%s while they are erased', async (work) => {
      beforeJoining = () => erase(grace);
      expect(await codeOf(works[work]())).toBe('CONCURRENT_CHANGE');
      expect(beforeJoining).toBeUndefined();
      expect(await organizationsOf(grace)).toEqual([]);
    });

    it.each(['accepts', 'makes an organization'] as const)(
      '%s once they have left all others, just before they are gone',
      async (work) => {
        beforeGivingUp = async () => {
          await works[work]();
        };
        await erase(grace);
        expect(beforeGivingUp).toBeUndefined();
        expect(await organizationsOf(grace)).toEqual([]);
      },
    );
  });
});
