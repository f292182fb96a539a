import { tracesBelow } from './canary';
import { expectRefusal } from './expect-refusal';
import { firstOwner, PASSWORD, Person, totpCode } from './person';
import { Server } from './server';
import { until } from './until';

jest.setTimeout(120_000);

interface Enrolled {
  readonly data: { readonly secret: string; readonly uri: string };
}
interface Codes {
  readonly data: { readonly recovery_codes: string[] };
}

describe('a second factor', () => {
  let server: Server;
  let ada: Person;
  let secret = '';
  let codes: string[] = [];
  const signIn = (more: object) => ada.elsewhere().signIn(more);
  /** Waits where failures before have made it necessary. */
  const signInPatiently = (more: object) =>
    until(
      () => signIn(more),
      ({ status }) => status !== 429,
      10_000,
    );

  beforeAll(async () => {
    server = await Server.start();
    ada = await firstOwner(server);
  });
  afterAll(() => server.discard());

  it('is enrolled with a secret that is shown once, and asks nothing of anybody until it is confirmed', async () => {
    const enrolled = await ada.call<Enrolled>('POST', 'auth/totp');
    expect([enrolled.status, enrolled.headers.get('cache-control')]).toEqual([201, 'no-store']);
    const { uri } = enrolled.body.data;
    secret = enrolled.body.data.secret;
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(uri).toMatch(new RegExp(`^otpauth://totp/hklst:ada%40example\\.com\\?.*secret=${secret}`));
    expect((await signIn({})).status).toBe(200);
    expectRefusal(await ada.elsewhere().call('POST', 'auth/totp'), 401, 'AUTHENTICATION_REQUIRED');
  });

  it('is confirmed by a code, and gives ten recovery codes', async () => {
    const confirm = (totp: string) => ada.call<Codes>('POST', 'auth/totp/confirm', { body: { totp } });
    expectRefusal(await confirm('000000'), 422, 'VALIDATION_FAILED');
    const confirmed = await confirm(totpCode(secret, -1));
    expect([confirmed.status, confirmed.headers.get('cache-control')]).toEqual([200, 'no-store']);
    codes = confirmed.body.data.recovery_codes;
    expect(new Set(codes).size).toBe(10);
    expect((await ada.me()).body.data).toMatchObject({ totp_enabled: true, recovery_codes_left: 10 });
    expectRefusal(await confirm(totpCode(secret, 1)), 404, 'NOT_FOUND');
  });

  it('is asked for from then on, once the password is right', async () => {
    expectRefusal(await signIn({}), 403, 'SECOND_FACTOR_REQUIRED');
    expectRefusal(await signIn({ password: 'not the right one' }), 401, 'AUTHENTICATION_REQUIRED');
    for (const totp of ['000000', 'abcdef', '1', totpCode(secret, 7)])
      expectRefusal(await signIn({ totp }), 401, 'AUTHENTICATION_REQUIRED');
    expectRefusal(await signIn({ totp: { $ne: '' } }), 422, 'VALIDATION_FAILED');
    expect((await signInPatiently({ recovery_code: codes[9] })).status).toBe(200);
  });

  it('takes a code once, even when it is sent many times at once', async () => {
    const totp = totpCode(secret);
    const answers = await Promise.all(Array.from({ length: 4 }, () => signIn({ totp })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect((await signInPatiently({ totp: totpCode(secret, 1) })).status).toBe(200);
    expectRefusal(await signIn({ totp }), 401, 'AUTHENTICATION_REQUIRED');
  });

  it('takes a recovery code instead, however it is typed, each once', async () => {
    const [first = '', second = ''] = codes;
    expect((await signInPatiently({ recovery_code: first })).status).toBe(200);
    expectRefusal(await signIn({ recovery_code: first }), 401, 'AUTHENTICATION_REQUIRED');
    expect((await signIn({ recovery_code: second.toUpperCase().replaceAll('-', ' ') })).status).toBe(200);
    const [, , third] = codes;
    const answers = await Promise.all(Array.from({ length: 4 }, () => signIn({ recovery_code: third })));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect((await ada.me()).body.data.recovery_codes_left).toBe(6);
  });

  it('is asked for again with the password by who proves to be there', async () => {
    expectRefusal(await ada.reauthenticate(), 403, 'SECOND_FACTOR_REQUIRED');
    expect((await ada.reauthenticate({ recovery_code: codes[3] })).status).toBe(200);
  });

  it('gives new recovery codes in place of the old ones', async () => {
    const renewed = await ada.call<Codes>('POST', 'auth/totp/recovery-codes');
    expect(renewed.status).toBe(201);
    expectRefusal(await signInPatiently({ recovery_code: codes[4] }), 401, 'AUTHENTICATION_REQUIRED');
    codes = renewed.body.data.recovery_codes;
    expect((await signInPatiently({ recovery_code: codes[0] })).status).toBe(200);
  });

  it('rests in no file and in no log, and is on record where it was missing and did not follow (E3)', async () => {
    expectRefusal(await signIn({}), 403, 'SECOND_FACTOR_REQUIRED');
    await server.stop();
    const texts = [secret, ...codes, ...codes.map((code) => code.replaceAll('-', ''))];
    expect(tracesBelow(server.dataDir, texts)).toEqual([]);
    expect(server.printed).not.toContain(secret);
    server = await Server.start({ dataDir: server.dataDir });
    const cookie = ada.cookie;
    ada = new Person(server);
    ada.cookie = cookie;
    expect((await ada.me()).body.data.totp_enabled).toBe(true);
    const refusals = (await server.stored.events(['AccessRefused'])).map(({ data }) => data);
    // Each one before was followed by a code.
    expect(refusals.filter(({ cause }) => cause === 'missing-code')).toHaveLength(1);
    expect(refusals.filter(({ action }) => action !== null)).toEqual([]);
  });

  it('does not go by who has a session and the password alone, whatever else the password is good for', async () => {
    await server.stop();
    const sessions = { service: 'access', collection: 'sessions_v1' };
    await server.stored.setField(sessions, 'authenticatedAt', '2020-01-01T00:00:00.000Z');
    server = await Server.start({ dataDir: server.dataDir });
    const { cookie } = ada;
    ada = new Person(server);
    ada.cookie = cookie;
    const body = { current_password: PASSWORD, password: PASSWORD };
    expect((await ada.call('PUT', 'auth/password', { body })).status).toBe(204);
    expect(ada.cookie).not.toBe(cookie);
    expectRefusal(await ada.reauthenticate(), 403, 'SECOND_FACTOR_REQUIRED');
    expectRefusal(await ada.call('DELETE', 'auth/totp'), 403, 'REAUTHENTICATION_REQUIRED');
    expectRefusal(await ada.call('POST', 'auth/totp/recovery-codes'), 403, 'REAUTHENTICATION_REQUIRED');
    expect((await ada.reauthenticate({ recovery_code: codes[1] })).status).toBe(200);
  });

  it('goes by who has just proved who they are, and takes its recovery codes along', async () => {
    expect((await ada.call('DELETE', 'auth/totp')).status).toBe(204);
    expect((await ada.me()).body.data).toMatchObject({ totp_enabled: false, recovery_codes_left: 0 });
    expect((await signIn({})).status).toBe(200);
    expect((await ada.call('DELETE', 'auth/totp')).status).toBe(204);
  });
});
