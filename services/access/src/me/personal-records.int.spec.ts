import type { ReadStore } from '#libs/read-store';
import { Redacted } from '#libs/kernel';
import { intercepted, openTestStores, type TestStores } from '#libs/testing';
import {
  type AccessWorld,
  context,
  type Inhabitant,
  openAccessWorld,
  origin,
  password,
} from '../../../../test/access-world';
import { ChangePasswordHandler } from '../sign-in/change-password.handler';
import { TotpHandler } from '../sign-in/totp.handler';
import { SignInHandler } from '../sign-in/sign-in.handler';
import { Erasures } from './erasures';

jest.setTimeout(60_000);

const email = 'ada@example.com';

describe('PersonalRecords', () => {
  let stores: TestStores;
  let world: AccessWorld;
  let other: AccessWorld;
  let ada: Inhabitant;
  /** The collection before whose next record, or after it, another process erases the person. */
  let erased: { when: 'before' | 'after'; collection: string } | undefined;

  const put: ReadStore['put'] = async (collection, document) => {
    const when = erased?.collection === collection ? erased.when : undefined;
    if (when) erased = undefined;
    if (when === 'before') await other.app.get(Erasures).erase(ada.caller.actorId, context);
    await stores.reads.put(collection, document);
    if (when === 'after') await other.app.get(Erasures).erase(ada.caller.actorId, context);
  };
  const works = {
    sessions_v1: async () =>
      world.app
        .get(SignInHandler)
        .handle({ email, password, totp: null, recoveryCode: null, ...origin }, context),
    passwords_v1: async () => {
      const { caller, sessionId } = ada;
      const next = new Redacted('quite another battery staple');
      const request = { caller, sessionId, currentPassword: password, password: next, ...origin };
      return world.app.get(ChangePasswordHandler).handle(request, context);
    },
    totp_v1: async () => world.app.get(TotpHandler).enrol({ caller: ada.caller }),
  };

  beforeEach(async () => {
    erased = undefined;
    stores = await openTestStores();
    world = await openAccessWorld({ ...stores, reads: intercepted(stores.reads, { put }) });
    other = await openAccessWorld(stores);
    ada = await world.signUp(email);
  });
  afterEach(async () => {
    for (const { app } of [world, other]) await app.close();
    await stores.discard();
  });

  it.each([
    ['sessions_v1', 'before', 'AUTHENTICATION_REQUIRED'],
    ['sessions_v1', 'after', 'AUTHENTICATION_REQUIRED'],
    ['passwords_v1', 'before', 'NOT_FOUND'],
    ['passwords_v1', 'after', 'NOT_FOUND'],
    ['totp_v1', 'before', 'NOT_FOUND'],
    ['totp_v1', 'after', 'NOT_FOUND'],
  ] as const)(
    'leave nothing in %s of who is erased just %s something is written there',
    async (collection, when, code) => {
      erased = { collection, when };
      await expect(works[collection]()).rejects.toMatchObject({ code });
      expect(erased).toBeUndefined();
      for (const name of ['users_v1', 'email_claims_v1', ...Object.keys(works)])
        expect([name, await stores.reads.count(name, { where: {} })]).toEqual([name, 0]);
    },
  );
});
