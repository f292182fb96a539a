import type { EventStore } from '#libs/event-store';
import { AppError, Redacted } from '#libs/kernel';
import type { ReadStore } from '#libs/read-store';
import { intercepted, openTestStores, type TestStores } from '#libs/testing';
import {
  type AccessWorld,
  commandOf,
  context,
  type Inhabitant,
  openAccessWorld,
  origin,
  password,
  tokenIn,
} from '../../../../test/access-world';
import { Erasures } from '../me/erasures';
import { InviteMemberHandler } from '../members/invite-member.handler';
import { ListMembersHandler } from '../members/list-members.handler';
import { RemoveMemberHandler } from '../members/remove-member.handler';
import { RevokeInvitationHandler } from '../members/revoke-invitation.handler';
import { CreateOrganizationHandler } from '../organizations/create-organization.handler';
import { Users } from '../users/users';
import { SignUpHandler } from './sign-up.handler';

jest.setTimeout(60_000);

const email = 'eve@example.com';

describe('NewUsers', () => {
  let stores: TestStores;
  let world: AccessWorld;
  /** Where nobody signs up without an invitation. */
  let closed: AccessWorld;
  let owner: Inhabitant['caller'];
  /** Done once, just before a personal organization is made, or before a password is stored. */
  let before: { collection: 'passwords_v1' | 'organization'; work: () => Promise<unknown> } | undefined;

  const reach = async (collection: string) => {
    const first = before?.collection === collection ? before.work : undefined;
    if (first) before = undefined;
    await first?.();
  };
  const put: ReadStore['put'] = async (collection, document) => {
    await reach(collection);
    return stores.reads.put(collection, document);
  };
  const append: EventStore['append'] = async (request) => {
    if (request.events.some(({ type }) => type === 'OrganizationCreated')) await reach('organization');
    return stores.events.append(request);
  };
  const openClosed = (env: Readonly<Record<string, string>> = {}) => {
    const reads = intercepted(stores.reads, { put });
    const events = intercepted(stores.events, { append });
    return openAccessWorld({ ...stores, reads, events }, { OPEN_SIGN_UP: 'false', ...env });
  };
  const invite = async () => {
    const command = { ...commandOf(owner), email, role: 'member' as const };
    const { data, acceptLink } = await world.app.get(InviteMemberHandler).handle(command, context);
    return { invitationId: data.id, invitationToken: tokenIn(acceptLink) };
  };
  const signUp = async (invitationToken: Redacted<string>) => {
    const request = { email, name: 'Eve', password, signUpToken: null, invitationToken, ...origin };
    return closed.app
      .get(SignUpHandler)
      .handle(request, context)
      .then(
        () => 'in',
        (error: unknown) => (error as { code: string }).code,
      );
  };
  const members = async () => {
    stores.clock.pass(2_000);
    return (await world.app.get(ListMembersHandler).handle({ caller: owner })).data;
  };
  const isKnown = async () => (await world.app.get(Users).findByEmail(email)) !== null;
  const count = async (collection: string) => stores.reads.count(collection, { where: {} });

  beforeEach(async () => {
    before = undefined;
    stores = await openTestStores();
    world = await openAccessWorld(stores);
    closed = await openClosed();
    owner = (await world.signUp('ada@example.com')).caller;
    const command = { ...commandOf(owner), name: 'Shared' };
    const { data } = await world.app.get(CreateOrganizationHandler).handle(command, context);
    owner = { ...owner, orgId: data.id };
  });
  afterEach(async () => {
    for (const { app } of [world, closed]) await app.close();
    await stores.discard();
  });

  describe('make nobody known whose invitation', () => {
    afterEach(async () => {
      expect(await isKnown()).toBe(false);
      expect(await members()).toHaveLength(1);
      expect(await count('passwords_v1')).toBe(1);
    });

    it('is revoked while their password is hashed', async () => {
      const { invitationId, invitationToken } = await invite();
      const command = { ...commandOf(owner), invitationId };
      const work = () => world.app.get(RevokeInvitationHandler).handle(command, context);
      before = { collection: 'organization', work };
      expect(await signUp(invitationToken)).toBe('NOT_FOUND');
      expect(before).toBeUndefined();
    });

    it('is for an organization that is full by now', async () => {
      const { invitationToken } = await invite();
      await closed.app.close();
      closed = await openClosed({ MEMBERS_PER_ORGANIZATION_MAX: '1' });
      expect(await signUp(invitationToken)).toBe('QUOTA_EXCEEDED');
    });
  });

  describe('cut off once the invitation is used', () => {
    let invitationToken: Redacted<string>;

    beforeEach(async () => {
      ({ invitationToken } = await invite());
      const work = () => Promise.reject(new AppError('STORE_UNAVAILABLE'));
      before = { collection: 'passwords_v1', work };
      expect(await signUp(invitationToken)).toBe('STORE_UNAVAILABLE');
      expect(await members()).toMatchObject([{ name: 'Somebody' }, { name: null, email: null }]);
    });

    it('go on when the same person comes again, however often', async () => {
      const [, { id } = { id: '' }] = await members();
      for (let times = 0; times < 2; times += 1) expect(await signUp(invitationToken)).toBe('in');
      expect(await members()).toMatchObject([{ name: 'Somebody' }, { id, name: 'Eve', email }]);
    });

    it('take no other token in its place', async () => {
      const forged = new Redacted(invitationToken.expose().replace(/\.../, '.AA'));
      expect(await signUp(forged)).toBe('NOT_FOUND');
      expect(await isKnown()).toBe(false);
    });

    it('make nobody a member who signs up with the address alone', async () => {
      await world.signUp(email);
      expect(await members()).toHaveLength(1);
      expect(await signUp(invitationToken)).toBe('NOT_FOUND');
    });

    it('take it no longer once the member was removed', async () => {
      const [, { id: memberId } = { id: '' }] = await members();
      await world.app.get(RemoveMemberHandler).handle({ ...commandOf(owner), memberId }, context);
      stores.clock.pass(2_000);
      expect(await signUp(invitationToken)).toBe('NOT_FOUND');
      expect(await isKnown()).toBe(false);
    });
  });

  it('keep nothing of who is erased while an earlier request of theirs goes on', async () => {
    const { invitationToken } = await invite();
    const work = async () => {
      const { caller } = await world.signUp(email);
      await world.app.get(Erasures).erase(caller.actorId, context);
    };
    before = { collection: 'passwords_v1', work };
    expect(await signUp(invitationToken)).toBe('CONCURRENT_CHANGE');
    expect(before).toBeUndefined();
    expect(await members()).toHaveLength(1);
    for (const collection of ['users_v1', 'passwords_v1', 'email_claims_v1'])
      expect([collection, await count(collection)]).toEqual([collection, 1]);
  });
});
