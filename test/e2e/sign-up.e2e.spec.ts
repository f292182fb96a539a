import { existsSync } from 'node:fs';
import path from 'node:path';
import { Api } from './api';
import { expectRefusal } from './expect-refusal';
import { firstOwner, PASSWORD, Person, signUpToken } from './person';
import { Server } from './server';

jest.setTimeout(60_000);

interface Organization {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly role: string;
}

describe('signing up', () => {
  let server: Server;

  beforeEach(async () => {
    server = await Server.start();
  });
  afterEach(() => server.discard());

  const restarted = async (env: Record<string, string> = {}) => {
    await server.stop();
    server = await Server.start({ dataDir: server.dataDir, env });
  };
  const organizationsOf = async (person: Person) =>
    (await person.call<{ data: Organization[] }>('GET', 'organizations')).body.data;

  it('shows the same link at every start until somebody has used it, and no other afterwards', async () => {
    const token = signUpToken(server);
    await restarted();
    expect(signUpToken(server)).toBe(token);
    expect(server.screen).toMatch(/^ready .*\n(?![\s\S])/m);
    await firstOwner(server);
    await restarted();
    const others = server.screen.replaceAll(/^ready (?!http).*\n/gm, '');
    expect(others).toBe(`ready ${server.url}\n`);
    expectRefusal(
      await new Person(server, 'eve@example.com').signUp({ sign_up_token: token }),
      404,
      'NOT_FOUND',
    );
  });

  it('makes the first person owner of the first organization and of a personal one', async () => {
    const owner = await firstOwner(server);
    const organizations = await organizationsOf(owner);
    expect(organizations).toMatchObject([
      { name: 'Personal', kind: 'personal', role: 'owner' },
      { name: 'My organization', kind: 'shared', role: 'owner' },
    ]);
    const firstKey = /hklst_\w{84}/.exec(server.screen)?.[0] ?? '';
    await new Api(server, firstKey).create('SHARED', 'x');
    const list = (headers: Record<string, string> = {}) =>
      owner.call<{ data: unknown[] }>('GET', 'secrets', { headers });
    expect((await list()).body.data).toEqual([]);
    const first = organizations[1]?.id ?? '';
    expect((await list({ 'x-organization-id': first })).body.data).toMatchObject([{ name: 'SHARED' }]);
    expect((await owner.me()).body.data).toMatchObject({
      email: 'ada@example.com',
      name: 'Ada',
      personal_organization_id: organizations[0]?.id,
    });
  });

  it('removes the file of the first key, which goes on working', async () => {
    const key = server.apiKey;
    const file = path.join(server.dataDir, 'first-api-key');
    expect(existsSync(file)).toBe(true);
    await firstOwner(server);
    expect(existsSync(file)).toBe(false);
    expect((await new Api(server, key).list()).status).toBe(200);
    await restarted();
    expect(existsSync(file)).toBe(false);
  });

  it('has one winner when many open the link at once', async () => {
    const token = signUpToken(server);
    const people = Array.from({ length: 8 }, (_, n) => new Person(server, `person-${n}@example.com`));
    const answers = await Promise.all(people.map((person) => person.signUp({ sign_up_token: token })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array<number>(7).fill(404)]);
    const winner = people[answers.findIndex(({ status }) => status === 201)];
    expect((await organizationsOf(winner as Person)).map(({ kind }) => kind)).toEqual(['personal', 'shared']);
  });

  it('has one winner when one address signs up at once, and lets the winner repeat it', async () => {
    await restarted({ OPEN_SIGN_UP: 'true' });
    // As many as make no lockout: each that loses has guessed the winner's password wrongly.
    const people = Array.from({ length: 5 }, () => new Person(server));
    const answers = await Promise.all(
      people.map((person, n) => person.signUp({ password: `${PASSWORD} ${n}` })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
    const winner = answers.findIndex(({ status }) => status === 201);
    const again = (n: number) => new Person(server).signUp({ password: `${PASSWORD} ${n}` });
    expect((await again(winner)).status).toBe(201);
    expectRefusal(await again(winner + 1), 409, 'EMAIL_TAKEN');
  });

  it('takes an invitation, and joins what it is for', async () => {
    const owner = await firstOwner(server);
    const [, shared] = await organizationsOf(owner);
    const invite = async (email: string) => {
      const answer = await owner.call<{ data: { accept_link: string } }>(
        'POST',
        `organizations/${shared?.id}/members/invite`,
        { body: { email, role: 'viewer' } },
      );
      return answer.body.data.accept_link.split('#token=')[1];
    };
    const grace = new Person(server, 'Grace@Example.com');
    const invitation_token = await invite('grace@example.com');
    expectRefusal(await grace.signUp(), 403, 'SIGN_UP_CLOSED');
    expectRefusal(await grace.signUp({ invitation_token: `${invitation_token}x` }), 404, 'NOT_FOUND');
    expectRefusal(await new Person(server, 'eve@example.com').signUp({ invitation_token }), 403, 'FORBIDDEN');
    expectRefusal(
      await grace.signUp({ invitation_token, sign_up_token: 'x'.repeat(43) }),
      400,
      'MALFORMED_REQUEST',
    );
    expect((await grace.signUp({ invitation_token })).status).toBe(201);
    expect(await organizationsOf(grace)).toMatchObject([
      { kind: 'personal', role: 'owner' },
      { name: 'My organization', role: 'viewer' },
    ]);
    // Used up, and the address is taken in whatever case.
    expectRefusal(
      await new Person(server, 'GRACE@example.com').signUp({ invitation_token }),
      404,
      'NOT_FOUND',
    );
    const taken = await invite('grace2@example.com');
    expectRefusal(
      await new Person(server, 'grace@example.com').signUp({ invitation_token: taken }),
      403,
      'FORBIDDEN',
    );
  });

  it('is open to everybody where the operator says so', async () => {
    await restarted({ OPEN_SIGN_UP: 'true' });
    expect((await new Person(server, 'a@example.com').signUp()).status).toBe(201);
    expect((await new Person(server).call('GET', 'auth/methods')).body).toEqual({
      data: expect.objectContaining({ open_sign_up: true }) as unknown,
    });
    // Somebody who came by the open door owns nothing but their own.
    expect(signUpToken(server)).toHaveLength(43);
    for (const email of ['A@example.com', ' a@EXAMPLE.com', 'ａ@example.com']) {
      const other = await new Person(server, email).signUp({ password: 'another good password' });
      expect([409, 422]).toContain(other.status);
    }
  });
});

describe('what is sent to sign up', () => {
  let server: Server;

  beforeAll(async () => {
    server = await Server.start();
  });
  afterAll(() => server.discard());

  it.each([
    ['password', { password: 'short' }],
    ['password', { password: 'password1234' }],
    ['password', { password: 'ada@example.com' }],
    ['password', { password: { $ne: null } }],
    ['password', {}],
    ['email', { email: 'nobody' }],
    ['email', { email: { $ne: null } }],
    ['email', { email: ['a@example.com'] }],
    ['name', { name: ' ' }],
    ['name', { name: 'a\nb' }],
    ['sign_up_token', { sign_up_token: 1 }],
    ['role', { role: 'owner' }],
  ])('names the field that is not right: %s in %j', async (field, wrong) => {
    const fields = { email: 'ada@example.com', name: 'Ada', password: PASSWORD, ...wrong };
    const { password, ...rest } = fields;
    const isPasswordMissing = Object.keys(wrong).length === 0;
    const body = {
      sign_up_token: signUpToken(server),
      ...(isPasswordMissing ? rest : { ...rest, password }),
    };
    const answer = await new Person(server).call('POST', 'auth/sign-up', { body: { ...body, ...wrong } });
    expectRefusal(answer, 422, 'VALIDATION_FAILED');
    expect((answer.body['details'] as { field: string }[]).map((detail) => detail.field)).toContain(field);
    expect(answer.headers.getSetCookie()).toEqual([]);
  });
});
