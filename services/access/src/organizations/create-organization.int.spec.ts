import { Redacted } from '#libs/kernel';
import { losingAnswers, openTestStores, type TestStores } from '#libs/testing';
import {
  type AccessWorld,
  commandOf,
  context,
  type Inhabitant,
  openAccessWorld,
} from '../../../../test/access-world';
import { AcceptInvitationHandler } from '../members/accept-invitation.handler';
import { InviteMemberHandler } from '../members/invite-member.handler';
import { CreateOrganizationHandler } from './create-organization.handler';

jest.setTimeout(60_000);

type Actor = Inhabitant['caller'];

/** The personal one, and one more. */
const env = { ORGANIZATIONS_PER_USER_MAX: '2' };
const unavailable = { code: 'STORE_UNAVAILABLE' };
const full = { code: 'QUOTA_EXCEEDED' };

describe('The last organization that somebody may have', () => {
  let stores: TestStores;
  let world: AccessWorld;
  /** Dies behind its event, and records no answer. */
  let dying: AccessWorld;

  beforeEach(async () => {
    stores = await openTestStores();
    world = await openAccessWorld(stores, env);
    dying = await openAccessWorld({ ...stores, reads: losingAnswers(stores.reads) }, env);
  });
  afterEach(async () => {
    for (const { app } of [world, dying]) await app.close();
    await stores.discard();
  });

  const create = ({ app }: AccessWorld, caller: Actor, key: string) =>
    app.get(CreateOrganizationHandler).handle({ ...commandOf(caller, key), name: 'Shared' }, context);

  it('is theirs when its answer was lost and the command is repeated', async () => {
    const { caller } = await world.signUp('ada@example.com');
    await expect(create(dying, caller, 'k')).rejects.toMatchObject(unavailable);
    const again = await create(world, caller, 'k');
    expect(again.data.name).toBe('Shared');
    expect(await create(world, caller, 'k')).toEqual(again);
    await expect(create(world, caller, 'k2')).rejects.toMatchObject(full);
  });

  it('is theirs also when they were invited, and refuses the next', async () => {
    const { caller: owner } = await world.signUp('ada@example.com');
    const { caller: guest } = await world.signUp('eve@example.com');
    const { data } = await create(world, owner, 'k');
    const invitation = { email: 'eve@example.com', role: 'member' as const };
    const { acceptLink } = await world.app
      .get(InviteMemberHandler)
      .handle({ ...commandOf({ ...owner, orgId: data.id }), ...invitation }, context);
    const token = new Redacted(acceptLink.expose().split('token=')[1] ?? '');
    const accept = ({ app }: AccessWorld) =>
      app.get(AcceptInvitationHandler).handle({ ...commandOf(guest, 'k'), token }, context);
    await expect(accept(dying)).rejects.toMatchObject(unavailable);
    expect((await accept(world)).data.id).toBe(data.id);
    await expect(create(world, guest, 'k2')).rejects.toMatchObject(full);
  });
});
