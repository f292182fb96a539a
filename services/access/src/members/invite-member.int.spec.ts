import type { Role } from '#libs/contracts';
import { Redacted } from '#libs/kernel';
import { losingAnswers, openTestStores, type TestStores } from '#libs/testing';
import {
  type AccessWorld,
  commandOf,
  context,
  type Inhabitant,
  openAccessWorld,
} from '../../../../test/access-world';
import { until } from '../../../../test/e2e/until';
import { CreateOrganizationHandler } from '../organizations/create-organization.handler';
import { AcceptInvitationHandler } from './accept-invitation.handler';
import { InviteMemberHandler } from './invite-member.handler';
import { ChangeMemberRoleHandler } from './change-member-role.handler';
import { ListInvitationsHandler } from './list-invitations.handler';
import { ListMembersHandler } from './list-members.handler';
import { RevokeInvitationHandler } from './revoke-invitation.handler';

jest.setTimeout(60_000);

const DAY_MS = 86_400_000;

type Actor = Inhabitant['caller'];

describe('InviteMemberHandler', () => {
  let stores: TestStores;
  let world: AccessWorld;
  let owner: Actor;

  const invite = (caller: Actor, email: string, role: Role = 'member', key: string | null = null) =>
    world.app.get(InviteMemberHandler).handle({ ...commandOf(caller, key), email, role }, context);
  const revoke = (caller: Actor, invitationId: string) =>
    world.app.get(RevokeInvitationHandler).handle({ ...commandOf(caller), invitationId }, context);
  const accept = (caller: Actor, link: Redacted<string>) => {
    const token = new Redacted(link.expose().split('token=')[1] ?? '');
    return world.app.get(AcceptInvitationHandler).handle({ ...commandOf(caller), token }, context);
  };
  /** Somebody new who has joined in this role. */
  const join = async (email: string, role: Role): Promise<Actor> => {
    const { caller: person } = await world.signUp(email);
    await accept(person, (await invite(owner, email, role)).acceptLink);
    return { ...person, orgId: owner.orgId };
  };
  const count = (collection: string) => stores.reads.count(collection, { where: {} });
  /** All that the store holds of a collection, as text. */
  const kept = async (collection: string) =>
    JSON.stringify(await stores.reads.listRecords(collection, { afterId: '', limit: 1_000 }));
  const open = async () => (await world.app.get(ListInvitationsHandler).handle({ caller: owner })).data;

  beforeEach(async () => {
    stores = await openTestStores();
    world = await openAccessWorld(stores);
    owner = (await world.signUp('ada@example.com')).caller;
    const request = { ...commandOf(owner), name: 'Shared' };
    const created = await world.app.get(CreateOrganizationHandler).handle(request, context);
    owner = { ...owner, orgId: created.data.id };
  });
  afterEach(async () => {
    await world.app.close();
    await stores.discard();
  });

  it('replaces the earlier invitation of an address, though one in between was refused', async () => {
    const admin = await join('grace@example.com', 'admin');
    const first = await invite(admin, 'eve@example.com');
    stores.clock.pass(1_000);
    const refused = invite(admin, 'eve@example.com', 'owner');
    await expect(refused).rejects.toMatchObject({ code: 'FORBIDDEN' });
    stores.clock.pass(1_000);
    const last = await invite(admin, 'eve@example.com');
    expect((await open()).map(({ id }) => id)).toEqual([last.data.id]);
    const { caller: eve } = await world.signUp('eve@example.com');
    await expect(accept(eve, first.acceptLink)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await accept(eve, last.acceptLink);
    expect(await open()).toEqual([]);
  });

  it('keeps no address for an answer that is given again, nor name for that of a role', async () => {
    const invited = await invite(owner, 'eve@example.com', 'member', 'key-1');
    const again = () => invite(owner, 'eve@example.com', 'member', 'key-1');
    expect(await again()).toEqual(invited);
    expect(invited.data.email).toBe('eve@example.com');
    await revoke(owner, invited.data.id);
    expect((await again()).data).toEqual(invited.data);

    const { actorId } = await join('grace@example.com', 'viewer');
    const members = (await world.app.get(ListMembersHandler).handle({ caller: owner })).data;
    const memberId = members.find(({ user_id }) => user_id === actorId)?.id ?? '';
    const change = () => {
      const command = { ...commandOf(owner, 'key-2'), memberId, role: 'member' as const };
      return world.app.get(ChangeMemberRoleHandler).handle(command, context);
    };
    const changed = await change();
    expect(changed.data).toMatchObject({ email: 'grace@example.com', name: 'Somebody', role: 'member' });
    expect(await change()).toEqual(changed);

    // A record and an answer of each of the two.
    expect(await count('idempotency_v1')).toBe(4);
    expect(await kept('idempotency_v1')).not.toMatch(/example\.com|Somebody/);
  });

  it('keeps no address when it is repeated after its end', async () => {
    const there = world;
    world = await openAccessWorld({ ...stores, reads: losingAnswers(stores.reads) });
    const lost = invite(owner, 'eve@example.com', 'member', 'key-1');
    await expect(lost).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    const [invited] = await open();
    // The process that ends it is not the one that hears of the repetition.
    await revoke(owner, invited?.id ?? '');
    await world.app.close();
    world = there;
    expect(await count('invitations_v1')).toBe(0);

    const again = await invite(owner, 'eve@example.com', 'member', 'key-1');
    expect(again).toMatchObject({ data: { id: invited?.id, email: 'eve@example.com' }, mailed: false });
    expect(await count('invitations_v1')).toBe(0);
  });

  it('keeps nothing beyond its time, though nobody asks for anything any more', async () => {
    await invite(owner, 'eve@example.com', 'member', 'key-1');
    const collections = ['idempotency_v1', 'invitations_v1', 'sessions_v1'];
    for (const collection of collections) expect(await count(collection)).toBeGreaterThan(0);
    stores.clock.pass(8 * DAY_MS);
    await world.app.close();
    world = await openAccessWorld(stores);
    for (const collection of collections)
      await until(
        () => count(collection),
        (left) => left === 0,
      );
  });

  it('is undone also once it has run out, which erases the address', async () => {
    const { data } = await invite(owner, 'eve@example.com');
    stores.clock.pass(8 * DAY_MS);
    expect(await open()).toEqual([]);
    expect(await kept('invitations_v1')).toContain('eve@example.com');
    await revoke(owner, data.id);
    expect(await count('invitations_v1')).toBe(0);
    await expect(revoke(owner, data.id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
