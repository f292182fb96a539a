import type { Role } from '#libs/contracts';
import { Redacted } from '#libs/kernel';
import { openTestStores, type TestStores } from '#libs/testing';
import {
  type AccessWorld,
  commandOf,
  context,
  type Inhabitant,
  openAccessWorld,
} from '../../../../test/access-world';
import { CreateOrganizationHandler } from '../organizations/create-organization.handler';
import { AcceptInvitationHandler } from './accept-invitation.handler';
import { InviteMemberHandler } from './invite-member.handler';
import { ListInvitationsHandler } from './list-invitations.handler';

jest.setTimeout(60_000);

type Actor = Inhabitant['caller'];

describe('InviteMemberHandler', () => {
  let stores: TestStores;
  let world: AccessWorld;
  let owner: Actor;

  const invite = (caller: Actor, email: string, role: Role = 'member') =>
    world.app.get(InviteMemberHandler).handle({ ...commandOf(caller), email, role }, context);
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
});
