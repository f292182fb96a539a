import * as otpauth from 'otpauth';
import type { EventStore } from '#libs/event-store';
import { accessStream, type AccessEvent } from '#libs/events';
import { AppError, newId, Redacted } from '#libs/kernel';
import { intercepted, openTestStores, type TestStores } from '#libs/testing';
import {
  type AccessWorld,
  context,
  type Inhabitant,
  openAccessWorld,
  origin,
  password,
} from '../../../../test/access-world';
import { MeHandler } from '../me/me.handler';
import { ChangePasswordHandler } from '../sign-in/change-password.handler';
import { RecoveryCodes } from '../second-factors/recovery-codes';
import { TotpHandler } from '../sign-in/totp.handler';
import { SignInHandler } from '../sign-in/sign-in.handler';
import { Sessions } from './sessions';
import { SessionsHandler } from './sessions.handler';

jest.setTimeout(60_000);

describe('SignInTrail', () => {
  let stores: TestStores;
  let world: AccessWorld;
  let ada: Inhabitant;
  /** How many more appends the log takes; it can be read all the while. */
  let appendsLeft = Infinity;

  const signIn = async (secret = password) => {
    const proof = { email: 'ada@example.com', password: secret, totp: null, recoveryCode: null };
    return world.app.get(SignInHandler).handle({ ...proof, ...origin }, context);
  };
  const holds = async (token: Redacted<string>) => (await world.app.get(Sessions).find(token)) !== null;
  const recorded = async (type: AccessEvent['type']) => {
    const { orgId } = ada.caller;
    const stream = accessStream(orgId, stores.clock.now().toISOString());
    const events = await stores.events.read({ orgId, stream, limit: 100 });
    return events.filter((event) => event.type === type).map(({ data }) => data);
  };
  /** Gives what confirms a new authenticator app. */
  const enrolled = async (caller: Inhabitant['caller']) => {
    const handler = world.app.get(TotpHandler);
    const { secret } = await handler.enrol({ caller });
    const totp = new otpauth.TOTP({ secret: otpauth.Secret.fromBase32(secret.expose()) });
    return async () => {
      const code = new Redacted(totp.generate({ timestamp: stores.clock.now().getTime() }));
      return handler.confirm({ caller, totp: code, ...origin }, context);
    };
  };
  /** Does it while the log takes only so many appends, which must not be enough. */
  const refused = async (appends: number, work: () => Promise<unknown>) => {
    appendsLeft = appends;
    await expect(work()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    appendsLeft = Infinity;
  };

  beforeEach(async () => {
    appendsLeft = Infinity;
    stores = await openTestStores();
    const append: EventStore['append'] = async (request) => {
      appendsLeft -= 1;
      if (appendsLeft < 0) throw new AppError('STORE_UNAVAILABLE');
      return stores.events.append(request);
    };
    const { clock, keyring, reads } = stores;
    world = await openAccessWorld({ clock, keyring, reads, events: intercepted(stores.events, { append }) });
    ada = await world.signUp('ada@example.com');
  });
  afterEach(async () => {
    await world.app.close();
    await stores.discard();
  });

  it('knows of a session that ends before it ends, and once', async () => {
    const handler = world.app.get(SessionsHandler);
    const signOut = () => handler.signOut({ session: ada.token, ...origin }, context);
    await refused(0, signOut);
    expect(await holds(ada.token)).toBe(true);
    for (let time = 0; time < 2; time += 1) expect(await signOut()).toEqual({});
    expect(await holds(ada.token)).toBe(false);
    expect(await recorded('SignedOut')).toMatchObject([{ sessionIds: [ada.sessionId], cause: 'sign-out' }]);
  });

  it('knows of the sessions that a person ends before they end', async () => {
    const other = await signIn();
    const { caller, sessionId } = ada;
    const request = { caller, sessionId, target: null, ...origin };
    const revoke = () => world.app.get(SessionsHandler).revoke(request, context);
    await refused(0, revoke);
    expect(await holds(other.token)).toBe(true);
    expect(await revoke()).toEqual({ ended: 1 });
    expect(await holds(other.token)).toBe(false);
    expect(await revoke()).toEqual({ ended: 0 });
    expect(await recorded('SignedOut')).toMatchObject([{ cause: 'revoked' }]);
  });

  it('knows of another password, and of the sessions that end with it, before there is one', async () => {
    const other = await signIn();
    const next = new Redacted('battery staple horse');
    const { caller, sessionId } = ada;
    const request = { caller, sessionId, currentPassword: password, password: next, ...origin };
    const change = () => world.app.get(ChangePasswordHandler).handle(request, context);
    for (const appends of [0, 1]) {
      await refused(appends, change);
      expect(await holds(other.token)).toBe(true);
    }
    await expect(signIn(next)).rejects.toMatchObject({ code: 'AUTHENTICATION_REQUIRED' });
    const { token } = await change();
    expect(await holds(token)).toBe(true);
    expect(await holds(other.token)).toBe(false);
    await expect(signIn()).rejects.toMatchObject({ code: 'AUTHENTICATION_REQUIRED' });
    await signIn(next);
    expect((await recorded('SignedOut')).at(-1)).toMatchObject({ cause: 'password-changed' });
  });

  it('knows of a second factor before it is asked for, and it comes with its recovery codes', async () => {
    const { caller } = ada;
    const confirm = await enrolled(caller);
    await refused(0, confirm);
    expect((await world.app.get(MeHandler).get({ caller })).data).toMatchObject({ totp_enabled: false });
    await signIn();
    // The code is used up; the next one confirms.
    stores.clock.pass(30_000);
    expect((await confirm()).recoveryCodes.expose().split(' ')).toHaveLength(10);
    await expect(signIn()).rejects.toMatchObject({ code: 'SECOND_FACTOR_REQUIRED' });
    expect(await recorded('CredentialChanged')).toMatchObject([{ credential: 'totp', change: 'added' }]);
  });

  it('knows of new recovery codes, and that a second factor is gone, before it is so', async () => {
    const { caller } = ada;
    const handler = world.app.get(TotpHandler);
    const request = { caller, ...origin };
    await (
      await enrolled(caller)
    )();
    const [first = ''] = (await handler.renew(request, context)).recoveryCodes.expose().split(' ');
    await refused(0, () => handler.renew(request, context));
    expect(await world.app.get(RecoveryCodes).use(ada.caller.actorId, new Redacted(first))).toBe(true);
    await refused(0, () => handler.disable(request, context));
    await expect(signIn()).rejects.toMatchObject({ code: 'SECOND_FACTOR_REQUIRED' });
    // Once it is gone there is nothing to tell.
    for (let time = 0; time < 2; time += 1) expect(await handler.disable(request, context)).toEqual({});
    await signIn();
    expect(await recorded('CredentialChanged')).toMatchObject([
      { credential: 'totp', change: 'added' },
      { credential: 'recovery-codes', change: 'changed' },
      { credential: 'totp', change: 'removed' },
    ]);
  });

  it("lies in the person's own organization, whichever their request is for", async () => {
    await signIn();
    const caller = { ...ada.caller, orgId: newId('org', stores.clock.now()) };
    const request = { caller, sessionId: ada.sessionId, target: null, ...origin };
    await world.app.get(SessionsHandler).revoke(request, context);
    await (
      await enrolled(caller)
    )();
    expect(await recorded('SignedOut')).toMatchObject([{ cause: 'revoked' }]);
    expect(await recorded('CredentialChanged')).toMatchObject([{ credential: 'totp' }]);
  });
});
