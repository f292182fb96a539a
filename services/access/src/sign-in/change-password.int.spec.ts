import type { EventStore } from '#libs/event-store';
import { AppError, Redacted } from '#libs/kernel';
import type { ReadStore } from '#libs/read-store';
import { intercepted, openTestStores, type TestStores } from '#libs/testing';
import {
  type AccessWorld,
  context,
  type Inhabitant,
  openAccessWorld,
  origin,
  password,
} from '../../../../test/access-world';
import { Passwords } from '../passwords/passwords';
import { Sessions } from '../sessions/sessions';
import { ReauthenticateHandler } from './reauthenticate.handler';
import { SignInHandler } from './sign-in.handler';
import { SignUpHandler } from '../sign-up/sign-up.handler';
import { Users } from '../users/users';
import { ChangePasswordHandler } from './change-password.handler';

jest.setTimeout(60_000);

const email = 'ada@example.com';
const next = new Redacted('quite another battery staple');
const proof = { password, totp: null, recoveryCode: null, ...origin };
const codeOf = (error: unknown) => (error as AppError).code;

describe('ChangePasswordHandler', () => {
  let stores: TestStores;
  /** Two processes of the service. What is done meanwhile is done by the other one. */
  let here: AccessWorld;
  let there: AccessWorld;
  let ada: Inhabitant;
  /** Done once, just before the process here does it: put or remove a record of a collection, or append an event. */
  let meanwhile: { before: string; work: () => Promise<unknown> } | undefined;

  const change = async (world: AccessWorld, { caller, sessionId } = ada, to = next) => {
    const request = { caller, sessionId, currentPassword: password, password: to, ...origin };
    return world.app.get(ChangePasswordHandler).handle(request, context);
  };
  const away = async () => {
    throw new AppError('STORE_UNAVAILABLE');
  };
  const signIn = async (world: AccessWorld, secret = password) =>
    world.app.get(SignInHandler).handle({ ...proof, email, password: secret }, context);
  const reauthenticate = async (world: AccessWorld) => {
    const { caller, sessionId } = ada;
    return world.app.get(ReauthenticateHandler).handle({ ...proof, caller, sessionId }, context);
  };
  const signUpAgain = async (world: AccessWorld) => {
    const request = { email, name: 'Ada', password, signUpToken: null, invitationToken: null, ...origin };
    return world.app.get(SignUpHandler).handle(request, context);
  };
  const find = async (token: Redacted<string>) => there.app.get(Sessions).find(token);
  const happens = async (step: string) => {
    if (meanwhile?.before !== step) return;
    const { work } = meanwhile;
    meanwhile = undefined;
    await work();
  };

  beforeEach(async () => {
    meanwhile = undefined;
    stores = await openTestStores();
    const put: ReadStore['put'] = async (collection, document) => {
      await happens(`put ${collection}`);
      return stores.reads.put(collection, document);
    };
    const remove: ReadStore['remove'] = async (collection, id) => {
      await happens(`remove ${collection}`);
      return stores.reads.remove(collection, id);
    };
    const append: EventStore['append'] = async (request) => {
      for (const { type } of request.events) await happens(type);
      return stores.events.append(request);
    };
    here = await openAccessWorld({
      ...stores,
      reads: intercepted(stores.reads, { put, remove }),
      events: intercepted(stores.events, { append }),
    });
    there = await openAccessWorld(stores);
    ada = await here.signUp(email);
  });
  afterEach(async () => {
    for (const { app } of [here, there]) await app.close();
    await stores.discard();
  });

  it.each([
    ['signs in', signIn],
    ['signs up again', signUpAgain],
    ['proves to be the same again', reauthenticate],
  ])('leaves out who %s with the old password while it is changed, though it was right', async (_, come) => {
    const given: Redacted<string>[] = [];
    meanwhile = { before: 'SignedIn', work: async () => given.push((await change(there)).token) };
    await expect(come(here)).rejects.toMatchObject({ code: 'AUTHENTICATION_REQUIRED' });
    expect(await Promise.all(given.map(find))).toMatchObject([{ sessionId: ada.sessionId }]);
    expect(await stores.reads.count('sessions_v1', { where: {} })).toBe(1);
  });

  it('ends what began with the old password just before there was a new one', async () => {
    const begun: Redacted<string>[] = [];
    const work = async () => begun.push((await signIn(there)).token);
    meanwhile = { before: 'put passwords_v1', work };
    const { token } = await change(here);
    expect(await find(token)).not.toBeNull();
    expect(await Promise.all(begun.map(find))).toEqual([null]);
  });

  it('lets one of two change it who know the old one', async () => {
    const other = await find((await signIn(here)).token);
    const outcomes = await Promise.all(
      [ada.sessionId, other?.sessionId ?? ''].map(async (sessionId) => {
        const to = new Redacted(`the password of ${sessionId}`);
        const changed = change(here, { ...ada, sessionId }, to);
        return changed.then(async () => signIn(here, to)).then(() => 'changed', codeOf);
      }),
    );
    expect(outcomes.sort()).toEqual(['VALIDATION_FAILED', 'changed']);
  });

  it.each(['remove sessions_v1', 'put passwords_v1', 'put sessions_v1'])(
    'can be sent again when the store was away: %s',
    async (before) => {
      const { token: thief } = await signIn(there);
      meanwhile = { before, work: away };
      await expect(change(here)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      const { token } = await change(here);
      expect(await find(token)).not.toBeNull();
      expect(await here.app.get(Sessions).find(thief)).toBeNull();
      await signIn(here, next);
    },
  );

  it('puts out who came in with the old password, sent again after the new one was stored', async () => {
    const begun: Redacted<string>[] = [];
    const work = async () => {
      begun.push((await signIn(there)).token);
      meanwhile = { before: 'remove sessions_v1', work: away };
    };
    meanwhile = { before: 'put passwords_v1', work };
    await expect(change(here)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    const { token } = await change(here);
    expect(await find(token)).not.toBeNull();
    expect(await Promise.all(begun.map(find))).toEqual([null]);
  });

  it('can be sent again by who had no password', async () => {
    const user = await there.app.get(Users).find(ada.caller.actorId);
    await there.app.get(Passwords).remove(user?.credentialsId ?? '');
    const { caller, sessionId } = ada;
    const request = { caller, sessionId, currentPassword: null, password: next, ...origin };
    const add = async () => here.app.get(ChangePasswordHandler).handle(request, context);
    meanwhile = { before: 'put sessions_v1', work: away };
    await expect(add()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(await find((await add()).token)).not.toBeNull();
    await signIn(here, next);
  });

  it('refuses a new one that is the address of its person', async () => {
    const details = [{ field: 'password', message: expect.stringContaining('e-mail address') as string }];
    const refusal = { code: 'VALIDATION_FAILED', details };
    await expect(change(here, ada, new Redacted(email))).rejects.toMatchObject(refusal);
    await signIn(here);
  });
});
