import * as otpauth from 'otpauth';
import { accessStream } from '#libs/events';
import { Redacted } from '#libs/kernel';
import { intercepted, openTestStores, type TestStores } from '#libs/testing';
import {
  context,
  openAccessWorld,
  origin,
  password,
  type AccessWorld,
  type Inhabitant,
} from '../../../../test/access-world';
import { until } from '../../../../test/e2e/until';
import { FREE_ATTEMPTS } from '../lockouts/lockout.decider';
import { TotpHandler } from './totp.handler';
import { ChangePasswordHandler } from './change-password.handler';
import { ReauthenticateHandler } from './reauthenticate.handler';
import { SignInHandler } from './sign-in.handler';

jest.setTimeout(60_000);

const email = 'ada@example.com';
const wrong = new Redacted('not the right one');
const alsoWrong = new Redacted('not the right one either');
const codeOf = (error: unknown) => (error as { code: string }).code;

describe('Proofs', () => {
  let stores: TestStores;
  let world: AccessWorld;
  let ada: Inhabitant;
  /** As on a machine that has much else to do: ten seconds pass from one look at the clock to the next. */
  let isBusy: boolean;
  let looks: number;

  beforeEach(async () => {
    stores = await openTestStores();
    looks = 0;
    isBusy = false;
    const monotonicMs = () => stores.clock.monotonicMs() + (isBusy ? (looks += 1) * 10_000 : 0);
    world = await openAccessWorld({ ...stores, clock: intercepted(stores.clock, { monotonicMs }) });
    ada = await world.signUp(email);
  });
  afterEach(async () => {
    await world.app.close();
    await stores.discard();
  });

  const proof = (more: object = {}) => ({ password, totp: null, recoveryCode: null, ...origin, ...more });
  const outcome = (work: Promise<unknown>) => work.then(() => 'in', codeOf);
  const signIn = (more: object = {}) =>
    outcome(world.app.get(SignInHandler).handle({ email, ...proof(more) }, context));
  const own = () => ({ caller: ada.caller, sessionId: ada.sessionId });
  const reauthenticate = (more: object = {}) =>
    outcome(world.app.get(ReauthenticateHandler).handle({ ...own(), ...proof(more) }, context));
  const changePassword = (current: Redacted<string>, next = password) => {
    const request = { ...own(), ...origin, currentPassword: current, password: next };
    return outcome(world.app.get(ChangePasswordHandler).handle(request, context));
  };
  /** Gives the code of this moment. */
  const enrol = async () => {
    const { secret } = await world.app.get(TotpHandler).enrol({ caller: ada.caller });
    const timestamp = stores.clock.now().getTime();
    return new Redacted(new otpauth.TOTP({ secret: secret.expose() }).generate({ timestamp }));
  };
  const confirm = async (totp: Redacted<string>) =>
    world.app.get(TotpHandler).confirm({ caller: ada.caller, totp, ...origin }, context);
  /** What is held back is then on record, or settled. */
  const endProcess = async () => {
    await world.app.close();
    world = await openAccessWorld(stores);
  };
  const enableTotp = async () => confirm(await enrol());

  /** How often each cause is on record, once so many refusals are. */
  const recorded = async (count: number) => {
    const { orgId } = ada.caller;
    const stream = accessStream(orgId, stores.clock.now().toISOString());
    const events = await until(
      async () => {
        const all = await stores.events.read({ orgId, stream, limit: 1_000 });
        return all.filter(({ type }) => type === 'AccessRefused');
      },
      (refusals) => refusals.reduce((sum, { data }) => sum + Number(data['count']), 0) >= count,
    );
    const causes: Record<string, number> = {};
    for (const { data } of events) {
      const cause = data['cause'] as string;
      causes[cause] = (causes[cause] ?? 0) + Number(data['count']);
      expect(data).toMatchObject({ action: null, ...origin });
    }
    return causes;
  };

  it('put a wrong password on record once, whatever it was given for', async () => {
    expect(await signIn({ password: wrong })).toBe('AUTHENTICATION_REQUIRED');
    expect(await reauthenticate({ password: wrong })).toBe('AUTHENTICATION_REQUIRED');
    expect(await changePassword(wrong, alsoWrong)).toBe('VALIDATION_FAILED');
    expect(await changePassword(password)).toBe('in');
    expect(await recorded(3)).toEqual({ 'wrong-password': 3 });
  });

  it('tell a right password without a code from a wrong code', async () => {
    await enableTotp();
    expect(await signIn()).toBe('SECOND_FACTOR_REQUIRED');
    expect(await reauthenticate()).toBe('SECOND_FACTOR_REQUIRED');
    expect(await signIn({ totp: new Redacted('abcdef') })).toBe('AUTHENTICATION_REQUIRED');
    await endProcess();
    expect(await recorded(3)).toEqual({ 'missing-code': 2, 'wrong-code': 1 });
  });

  it('put a missing code on record unless it follows from the same address, in whichever process', async () => {
    const [recoveryCode = ''] = (await enableTotp()).recoveryCodes.expose().split(' ');
    const elsewhere = { address: '198.51.100.7' };
    expect(await signIn()).toBe('SECOND_FACTOR_REQUIRED');
    expect(await signIn(elsewhere)).toBe('SECOND_FACTOR_REQUIRED');
    stores.clock.pass(1_000);
    const other = await openAccessWorld(stores);
    const request = { email, ...proof({ ...elsewhere, recoveryCode: new Redacted(recoveryCode) }) };
    await other.app.get(SignInHandler).handle(request, context);
    await other.app.close();
    await endProcess();
    expect(await recorded(1)).toEqual({ 'missing-code': 1 });
  });

  it('forget no wrong code for a right password that came alone', async () => {
    await enableTotp();
    const outcomes: string[] = [];
    for (let n = 0; n <= FREE_ATTEMPTS; n += 1) {
      expect(await changePassword(password)).toBe('in');
      outcomes.push(await reauthenticate({ totp: new Redacted('abcdef') }));
    }
    const looked = Array<string>(FREE_ATTEMPTS).fill('AUTHENTICATION_REQUIRED');
    expect(outcomes).toEqual([...looked, 'RATE_LIMITED']);
  });

  it('put on record what was not looked at, after too many failures', async () => {
    for (let n = 0; n < FREE_ATTEMPTS; n += 1) await signIn({ password: wrong });
    for (const more of [{}, { password: wrong }]) expect(await signIn(more)).toBe('RATE_LIMITED');
    expect(await recorded(FREE_ATTEMPTS + 2)).toEqual({ 'wrong-password': FREE_ATTEMPTS, 'locked-out': 2 });
    for (let n = 0; n < FREE_ATTEMPTS; n += 1) await changePassword(wrong, alsoWrong);
    expect(await changePassword(password)).toBe('RATE_LIMITED');
    expect(await recorded(2 * FREE_ATTEMPTS + 3)).toEqual({
      'wrong-password': 2 * FREE_ATTEMPTS,
      'locked-out': 3,
    });
  });

  it('hold nothing against who could not be looked at in time', async () => {
    isBusy = true;
    for (let n = 0; n <= FREE_ATTEMPTS; n += 1)
      for (const attempt of [signIn(), reauthenticate(), changePassword(password)])
        expect(await attempt).toBe('RATE_LIMITED');
    isBusy = false;
    for (const attempt of [signIn(), reauthenticate(), changePassword(password)])
      expect(await attempt).toBe('in');
    expect(await signIn({ password: wrong })).toBe('AUTHENTICATION_REQUIRED');
    expect(await recorded(1)).toEqual({ 'wrong-password': 1 });
  });

  it('take no second code of who has confirmed an authenticator app, but say how to get recovery codes', async () => {
    await enableTotp();
    const safeMessage = expect.stringContaining('renew the recovery codes') as string;
    await expect(confirm(new Redacted('abcdef'))).rejects.toMatchObject({ code: 'NOT_FOUND', safeMessage });
    const renewal = world.app.get(TotpHandler).renew({ caller: ada.caller, ...origin }, context);
    expect((await renewal).recoveryCodes.expose().split(' ')).toHaveLength(10);
  });

  it('count the wrong codes of who confirms an authenticator app', async () => {
    const code = await enrol();
    const outcomes: string[] = [];
    for (let n = 0; n < FREE_ATTEMPTS; n += 1) outcomes.push(await outcome(confirm(new Redacted('abcdef'))));
    outcomes.push(await outcome(confirm(code)));
    const looked = Array<string>(FREE_ATTEMPTS).fill('VALIDATION_FAILED');
    expect(outcomes).toEqual([...looked, 'RATE_LIMITED']);
    expect(await recorded(FREE_ATTEMPTS + 1)).toEqual({ 'wrong-code': FREE_ATTEMPTS, 'locked-out': 1 });
  });

  it('forget no wrong password for a code that confirms an authenticator app', async () => {
    const attempt = async () => reauthenticate({ password: wrong });
    for (let n = 1; n < FREE_ATTEMPTS; n += 1) expect(await attempt()).toBe('AUTHENTICATION_REQUIRED');
    await enableTotp();
    expect([await attempt(), await attempt()]).toEqual(['AUTHENTICATION_REQUIRED', 'RATE_LIMITED']);
  });
});
