import { LaunchedProcess } from './launched-process';
import { CLIENT_SECRET, Company, type Lie } from './oidc-company';
import { Browser } from './oidc-browser';
import { expectRefusal } from './expect-refusal';
import { World } from './organization-world';
import { firstOwner, PASSWORD, Person } from './person';
import { Server } from './server';
import { SignInPage } from './sign-in-page';

jest.setTimeout(120_000);

const env = { OPEN_SIGN_UP: 'false' };

describe('single sign-on', () => {
  let company: Company;
  let server: Server;
  let owner: Person;
  const browser = () => new Browser(server, company);

  beforeAll(async () => {
    company = await Company.found();
    server = await Server.start({ env: { ...env, ...company.env } });
    owner = await firstOwner(server, 'owner@elsewhere.example');
  });
  beforeEach(() => company.tell('none'));
  afterAll(async () => {
    await company.close();
    await server.discard();
    await LaunchedProcess.killAll();
  });

  it('is offered among the ways in', async () => {
    const { body } = await owner.call('GET', 'auth/methods');
    expect(body).toEqual({ data: { oidc: true, passkeys: false, open_sign_up: false } });
  });

  it('lets in whom the provider vouches for, with an organization of their own, and knows them again', async () => {
    const grace = browser();
    const url = await grace.begin();
    expect(url.origin).toBe(company.issuer);
    const asked = Object.fromEntries(url.searchParams);
    expect(asked).toMatchObject({
      response_type: 'code',
      code_challenge_method: 'S256',
      redirect_uri: `${company.env['PUBLIC_URL']}/oidc-callback`,
      scope: 'openid email profile',
    });
    expect(asked['state']).toMatch(/^[0-9a-f]{64}$/);
    expect(asked['nonce']).toMatch(/^[0-9a-f]{64}$/);
    const returned = await grace.visit(url, 'grace@corp.example');
    const finished = await grace.finish(returned);
    expect(finished.status).toBe(200);
    expect(finished.headers.get('cache-control')).toBe('no-store');
    const [flowCookie, sessionCookie] = finished.headers.getSetCookie();
    expect(flowCookie).toMatch(/^hklst-oidc=; Max-Age=0; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(sessionCookie).toMatch(
      /^hklst=[A-Za-z0-9_-]{43}; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    const me = (await grace.me()).body.data;
    expect(me).toMatchObject({
      email: 'grace@corp.example',
      name: 'Grace Hopper',
      has_password: false,
      has_oidc: true,
    });
    const organizations = await grace.call<{ data: { kind: string; role: string }[] }>(
      'GET',
      'organizations',
    );
    expect(organizations.body.data).toMatchObject([{ kind: 'personal', role: 'owner' }]);

    const again = browser();
    expect((await again.signIn('grace@corp.example')).status).toBe(200);
    expect((await again.me()).body.data.id).toBe(me.id);
  });

  it('tells people apart by issuer and subject alone, and takes over nobody who has the address already', async () => {
    expect((await browser().signIn('ada@corp.example')).status).toBe(200);
    expectRefusal(await browser().signIn('ada@corp.example#another'), 409, 'EMAIL_TAKEN');

    const invited = new Person(server, 'alan@corp.example');
    const world = await shared();
    const token = await world.invite(invited.email, 'member');
    expect((await invited.signUp({ invitation_token: token })).status).toBe(201);
    const taker = browser();
    expectRefusal(await taker.signIn(invited.email), 409, 'EMAIL_TAKEN');
    expect(taker.cookies.has('hklst')).toBe(false);
    expect((await invited.me()).body.data.email).toBe(invited.email);
    expect((await invited.elsewhere().signIn()).status).toBe(200);
  });

  it('opens the door to the listed domains and to who is invited, and to nobody else', async () => {
    expectRefusal(await browser().signIn('eve@elsewhere.example'), 403, 'SIGN_UP_CLOSED');
    // A domain that ends like a listed one is another.
    expectRefusal(await browser().signIn('eve@evil-corp.example'), 403, 'SIGN_UP_CLOSED');
    expectRefusal(await browser().signIn('eve@corp.example.evil.example'), 403, 'SIGN_UP_CLOSED');

    const world = await shared();
    const token = await world.invite('joan@elsewhere.example', 'viewer');
    expectRefusal(
      await browser().signIn('eve@elsewhere.example', { invitation_token: token }),
      403,
      'FORBIDDEN',
    );
    const joan = browser();
    expect((await joan.signIn('joan@elsewhere.example', { invitation_token: token })).status).toBe(200);
    const { body } = await joan.call<{ data: { id: string; role: string }[] }>('GET', 'organizations');
    expect(body.data).toContainEqual(expect.objectContaining({ id: world.orgId, role: 'viewer' }) as unknown);
    expect((await browser().signIn('joan@elsewhere.example')).status).toBe(200);

    // A link that is used up, or that does not exist, keeps out only somebody new: the page may have kept it.
    expect((await browser().signIn('joan@elsewhere.example', { invitation_token: token })).status).toBe(200);
    const over = { sign_up_token: 'x'.repeat(43) };
    expect((await browser().signIn('joan@elsewhere.example', over)).status).toBe(200);
    expectRefusal(await browser().signIn('eve@elsewhere.example', over), 404, 'NOT_FOUND');
  });

  it('lets nobody in whose address the provider does not vouch for', async () => {
    expectRefusal(await browser().signIn('unverified@corp.example'), 403, 'EMAIL_NOT_VERIFIED');
    const world = await shared();
    const token = await world.invite('unverified@elsewhere.example', 'viewer');
    const body = { invitation_token: token };
    expectRefusal(await browser().signIn('unverified@elsewhere.example', body), 403, 'EMAIL_NOT_VERIFIED');
  });

  it('takes an address from the token, too, and there as well only one that is confirmed by a boolean', async () => {
    const sent = async (login: string, lie: Lie) => {
      const told = browser();
      const returned = await told.visit(await told.begin(), login);
      await company.tell(lie);
      return { told, answer: await told.finish(returned) };
    };
    const { told, answer } = await sent('somebody@elsewhere.example', 'address in the token');
    expect(answer.status).toBe(200);
    expect((await told.me()).body.data.email).toBe('told@corp.example');
    await company.tell('none');
    const { answer: refusal } = await sent('another@elsewhere.example', 'confirmed in words');
    expectRefusal(refusal, 403, 'EMAIL_NOT_VERIFIED');
  });

  describe('refuses', () => {
    /** The one answer, whatever was wrong, and no session. */
    const expectNobody = (answer: Parameters<typeof expectRefusal>[0], at: Browser) => {
      const { error } = expectRefusal(answer, 401, 'AUTHENTICATION_REQUIRED');
      expect(error).toBe('Authentication required');
      expect(at.cookies.has('hklst')).toBe(false);
    };

    it('what another browser began, with its code and its state', async () => {
      const [victim, thief] = [browser(), browser()];
      const returned = await victim.visit(await victim.begin(), 'lin@corp.example');
      expectNobody(await thief.finish(returned), thief);
      await thief.begin();
      expectNobody(await thief.finish(returned), thief);
      expect((await victim.finish(returned)).status).toBe(200);
    });

    it('a state that is not the own one, a code that nobody gave, another issuer in the answer', async () => {
      const wrong: [string, (returned: { code: string; state: string }) => object][] = [
        ['state', ({ state }) => ({ state: `${state.slice(1)}${state.startsWith('a') ? 'b' : 'a'}` })],
        ['state', () => ({ state: 'x' })],
        ['code', () => ({ code: 'nobody-gave-this' })],
        ['iss', () => ({ iss: 'https://login.example.net' })],
      ];
      for (const [, change] of wrong) {
        const lin = browser();
        const returned = await lin.visit(await lin.begin(), 'lin@corp.example');
        expectNobody(await lin.finish({ ...returned, ...change(returned) }), lin);
      }
    });

    it('a state and a code that were used, also in the browser that used them', async () => {
      const lin = browser();
      const returned = await lin.visit(await lin.begin(), 'lin@corp.example');
      const flow = lin.cookies.get('hklst-oidc') ?? '';
      expect((await lin.finish(returned)).status).toBe(200);
      const thief = browser();
      thief.cookies.set('hklst-oidc', flow);
      expectNobody(await thief.finish(returned), thief);
      // With a flow of its own, a code of another is not good either: its verifier does not fit.
      const fresh = new URL(await thief.begin()).searchParams.get('state') ?? '';
      expectNobody(await thief.finish({ ...returned, state: fresh }), thief);
    });

    it('a flow that somebody wrote themselves, or changed', async () => {
      const lin = browser();
      const returned = await lin.visit(await lin.begin(), 'lin@corp.example');
      const flow = lin.cookies.get('hklst-oidc') ?? '';
      const [random, begun] = flow.split('.');
      const later = Number(begun) + 86_400_000;
      const renewing = `usr_${'0'.repeat(26)}.ses_${'0'.repeat(26)}`;
      for (const made of [`${random}.${later}.`, `${random}.${begun}.${renewing}`, 'nonsense']) {
        lin.cookies.set('hklst-oidc', made);
        expectNobody(await lin.finish(returned), lin);
      }
    });

    const lies: Lie[] = [
      ...(['wrong nonce', 'no nonce', 'wrong audience', 'wrong issuer', 'expired token'] as const),
      ...(['no signature', 'shared secret as key', "another's key"] as const),
    ];
    it.each(lies)('an identity token with: %s', async (lie) => {
      expect((await browser().signIn('lin@corp.example')).status).toBe(200);
      const lin = browser();
      const returned = await lin.visit(await lin.begin(), 'lin@corp.example');
      await company.tell(lie);
      expectNobody(await lin.finish(returned), lin);
    });

    it('another site that wants to begin or to finish in the name of somebody', async () => {
      const headers = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' };
      for (const step of ['begin', 'finish', 'reauthenticate'])
        expectRefusal(
          await owner.call('POST', `auth/oidc/${step}`, { headers, body: { code: 'a', state: 'b' } }),
          403,
          'CROSS_SITE_REQUEST',
        );
    });
  });

  it('ends the session before, and gives another one at each sign-in', async () => {
    const grace = browser();
    await grace.signIn('grace@corp.example');
    const before = grace.cookies.get('hklst') ?? '';
    await grace.signIn('grace@corp.example');
    expect(grace.cookies.get('hklst')).not.toBe(before);
    const old = browser();
    old.cookies.set('hklst', before);
    expectRefusal(await old.me(), 401, 'AUTHENTICATION_REQUIRED');
  });

  describe('for what is dangerous', () => {
    it('asks the provider anew, which asks the person anew, and renews the session', async () => {
      const kay = browser();
      await kay.signIn('kay@corp.example');
      // A second visit while the provider remembers: nobody is asked, and so nothing is proved again.
      await company.tell('old proof');
      const silent = await kay.visit(await kay.begin(), 'kay@corp.example');
      expect(silent.wasAsked).toBe(false);
      expect((await kay.finish(silent)).status).toBe(200);
      expectRefusal(await kay.call('DELETE', 'auth/me'), 403, 'REAUTHENTICATION_REQUIRED');
      const before = kay.cookies.get('hklst');

      await company.tell('none');
      const anew = await kay.visit(await kay.begin('auth/oidc/reauthenticate'), 'kay@corp.example');
      expect(anew.wasAsked).toBe(true);
      expect((await kay.finish(anew)).status).toBe(200);
      expect(kay.cookies.get('hklst')).not.toBe(before);
      expect((await kay.call('DELETE', 'auth/me')).status).toBe(204);
      expectRefusal(await kay.me(), 401, 'AUTHENTICATION_REQUIRED');

      // Erased, with what the provider called them: whoever comes now is somebody new.
      await kay.signIn('kay@corp.example');
      expect((await kay.me()).status).toBe(200);
    });

    it.each<Lie>(['old proof', 'no time of proof'])('takes no answer with: %s', async (lie) => {
      const mary = browser();
      await mary.signIn('mary@corp.example');
      const session = mary.cookies.get('hklst');
      const returned = await mary.visit(await mary.begin('auth/oidc/reauthenticate'), 'mary@corp.example');
      await company.tell(lie);
      expectRefusal(await mary.finish(returned), 401, 'AUTHENTICATION_REQUIRED');
      expect(mary.cookies.get('hklst')).toBe(session);
      expect((await mary.me()).status).toBe(200);
    });

    it('takes a sign-in without a time of proof as one of long ago', async () => {
      const mary = browser();
      const returned = await mary.visit(await mary.begin(), 'mary@corp.example');
      await company.tell('no time of proof');
      expect((await mary.finish(returned)).status).toBe(200);
      expectRefusal(await mary.call('DELETE', 'auth/me'), 403, 'REAUTHENTICATION_REQUIRED');
      // Nor by a first password: it would be a proof of whoever has the session.
      const add = (more: object) =>
        mary.call('PUT', 'auth/password', { body: { password: PASSWORD, ...more } });
      expectRefusal(await add({}), 403, 'REAUTHENTICATION_REQUIRED');
      expectRefusal(await add({ current_password: 'there is none' }), 422, 'VALIDATION_FAILED');
      expect((await mary.me()).body.data.has_password).toBe(false);
    });

    it('takes nobody else, and nobody whose session is over', async () => {
      const mary = browser();
      await mary.signIn('mary@corp.example');
      const url = await mary.begin('auth/oidc/reauthenticate');
      mary.forgetProvider();
      expectRefusal(
        await mary.finish(await mary.visit(url, 'lin@corp.example')),
        401,
        'AUTHENTICATION_REQUIRED',
      );

      const next = await mary.begin('auth/oidc/reauthenticate');
      mary.forgetProvider();
      const returned = await mary.visit(next, 'mary@corp.example');
      expect((await mary.call('POST', 'auth/sign-out')).status).toBe(204);
      expectRefusal(await mary.finish(returned), 401, 'AUTHENTICATION_REQUIRED');
    });
  });

  it('without the provider answers 503 in time, and a password lets in all the same', async () => {
    const grace = browser();
    const returned = await grace.visit(await grace.begin(), 'grace@corp.example');
    await company.tell('slow');
    const asked = performance.now();
    expectRefusal(await grace.finish(returned), 503, 'PROVIDER_UNAVAILABLE');
    expect(performance.now() - asked).toBeLessThan(5_000);
    expect((await owner.elsewhere().signIn({ password: PASSWORD })).status).toBe(200);
    await company.tell('failing');
    const again = await grace.begin();
    await company.tell('none');
    const other = await grace.visit(again, 'grace@corp.example');
    await company.tell('failing');
    expectRefusal(await grace.finish(other), 503, 'PROVIDER_UNAVAILABLE');

    // A start finds it away, and lets in by password; when it is there, nobody has to do anything.
    await company.close();
    await server.stop();
    server = await Server.start({ dataDir: server.dataDir, env: { ...env, ...company.env } });
    const late = browser();
    expectRefusal(await late.call('POST', 'auth/oidc/begin'), 503, 'PROVIDER_UNAVAILABLE');
    expect((await new Person(server, owner.email).signIn()).status).toBe(200);
    await company.open();
    for (const lie of ['failing', 'long', 'published for another'] as const) {
      await company.tell(lie);
      expectRefusal(await late.call('POST', 'auth/oidc/begin'), 503, 'PROVIDER_UNAVAILABLE');
    }
    await company.tell('none');
    expect((await late.signIn('grace@corp.example')).status).toBe(200);
  });

  it('leaves no secret, no code and no token in what is printed', async () => {
    const grace = browser();
    const returned = await grace.visit(await grace.begin(), 'grace@corp.example');
    const flow = grace.cookies.get('hklst-oidc') ?? '';
    await grace.finish(returned);
    for (const secret of [CLIENT_SECRET, returned.code, returned.state, flow, 'grace@corp.example'])
      expect(server.printed.includes(secret)).toBe(false);
    expect(await server.stop()).toBe(0);
    server = await Server.start({ dataDir: server.dataDir, env: { ...env, ...company.env } });
  });

  describe('from the page of a link', () => {
    const opened = async (person: Browser, email: string) => {
      const token = await (await shared()).invite(email, 'viewer');
      return SignInPage.open(person, `/accept-invitation#token=${token}`);
    };
    const wentThrough = async (person: Browser, page: SignInPage, login: string) => {
      await page.press('with-oidc');
      const { code, state, iss = '' } = await person.visit(page.url, login);
      const query = new URLSearchParams({ code, state, iss }).toString();
      return SignInPage.open(person, `/oidc-callback?${query}`, page.tab);
    };

    it('takes the invitation of who comes back', async () => {
      const joan = browser();
      const page = await opened(joan, 'joan@elsewhere2.example');
      const back = await wentThrough(joan, page, 'joan@elsewhere2.example');
      expect([back.place, back.address, back.message]).toEqual(['signed-in', '/', '']);
      expect(back.element('organizations').textContent).toContain('Shared');
    });

    it('keeps the link of who comes back without a sign-in', async () => {
      const page = await opened(browser(), 'joan@elsewhere3.example');
      await page.press('with-oidc');
      const link = await SignInPage.open(browser(), '/oidc-callback?error=access_denied', page.tab);
      expect([link.place, link.message]).toEqual(['sign-up', expect.stringContaining('did not sign you in')]);
      expect(link.address).toMatch(/^\/accept-invitation#token=./);
      expect([...page.tab]).toEqual([]);
    });

    it('lets somebody else in without it, in the same tab', async () => {
      const kay = browser();
      const page = await opened(kay, 'joan@elsewhere4.example');
      const refused = await wentThrough(kay, page, 'kay@corp.example');
      expect([refused.place, refused.message]).toEqual([
        'sign-up',
        expect.stringContaining('another e-mail'),
      ]);
      await refused.press('has-account');
      expect(refused.place).toBe('sign-in');
      const back = await wentThrough(kay, refused, 'kay@corp.example');
      expect([back.place, back.message]).toEqual(['signed-in', '']);
    });
  });

  /** An organization with an owner who may invite. */
  async function shared(): Promise<World> {
    const made = await owner.call<{ data: { id: string } }>('POST', 'organizations', {
      body: { name: 'Shared' },
    });
    return World.of(server, made.body.data.id, owner);
  }
});

describe('single sign-on that nobody has set up', () => {
  let server: Server;
  beforeAll(async () => {
    server = await Server.start();
  });
  afterAll(() => server.discard());

  it('is not offered, and is not there', async () => {
    const owner = await firstOwner(server);
    const { body } = await owner.call('GET', 'auth/methods');
    expect(body).toEqual({ data: { oidc: false, passkeys: false, open_sign_up: false } });
    expectRefusal(await owner.call('POST', 'auth/oidc/begin'), 404, 'NOT_FOUND');
    expectRefusal(await owner.call('POST', 'auth/oidc/reauthenticate'), 404, 'NOT_FOUND');
    const sent = { code: 'a', state: 'b' };
    expectRefusal(await owner.call('POST', 'auth/oidc/finish', { body: sent }), 404, 'NOT_FOUND');
  });
});
