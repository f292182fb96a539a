import { tracesBelow } from './canary';
import { expectRefusal } from './expect-refusal';
import { firstOwner, PASSWORD, Person, totpCode } from './person';
import { Server } from './server';

jest.setTimeout(120_000);

interface Members {
  readonly data: {
    readonly id: string;
    readonly user_id: string;
    readonly email: string | null;
    readonly role: string;
  }[];
}
interface Organizations {
  readonly data: { readonly id: string; readonly name: string; readonly kind: string }[];
}

const EMAIL = 'grace.unforgettable@navy.example';
const NAME = 'Grace Unforgettable Hopper';

describe('erasing oneself', () => {
  let server: Server;
  let ada: Person;
  let grace: Person;
  let shared: string;
  const organizationsOf = async (person: Person) =>
    (await person.call<Organizations>('GET', 'organizations')).body.data;
  const members = async () => (await ada.call<Members>('GET', `organizations/${shared}/members`)).body.data;
  const invite = async (email: string, role: string) => {
    const answer = await ada.call<{ data: { accept_link: string } }>(
      'POST',
      `organizations/${shared}/members/invite`,
      { body: { email, role } },
    );
    return answer.body.data.accept_link.split('#token=')[1];
  };

  beforeAll(async () => {
    server = await Server.start();
    ada = await firstOwner(server);
    shared = (await organizationsOf(ada))[1]?.id ?? '';
    grace = new Person(server, EMAIL);
    const invitation_token = await invite(EMAIL, 'owner');
    expect((await grace.signUp({ name: NAME, invitation_token })).status).toBe(201);
    // Whatever is kept of a person, there is some of it.
    const body = { current_password: PASSWORD, password: `${PASSWORD} of grace` };
    await grace.call('PUT', 'auth/password', { body });
    const { secret } = (await grace.call<{ data: { secret: string } }>('POST', 'auth/totp')).body.data;
    await grace.call('POST', 'auth/totp/confirm', { body: { totp: totpCode(secret) } });
    await grace.elsewhere().signIn({ email: EMAIL.toUpperCase(), password: 'wrong password' });
    await grace.call('PUT', 'auth/me', { body: { name: `${NAME} II` } });
    await grace.call('PUT', 'auth/me', { body: { name: NAME } });
  });
  afterAll(() => server.discard());

  it('is refused to the last owner others depend on, in words, and changes nothing', async () => {
    const me = (await grace.me()).body.data.id;
    const her = (await members()).find((member) => member.user_id === me);
    const demote = (role: string) =>
      ada.call('PUT', `organizations/${shared}/members/${her?.id}`, { body: { role } });
    expect((await demote('member')).status).toBe(200);
    const refusal = expectRefusal(await ada.call('DELETE', 'auth/me'), 409, 'LAST_OWNER');
    expect(refusal.error).toContain('last owner of the organization "My organization"');
    expect((await ada.me()).status).toBe(200);
    expect(await organizationsOf(ada)).toHaveLength(2);
    expect((await demote('owner')).status).toBe(200);
  });

  it('ends the keys of the own organization', async () => {
    const own = (await grace.me()).body.data.personal_organization_id;
    const key = await grace.call<{ key: string }>('POST', `organizations/${own}/api-keys`, {
      body: { name: 'own' },
    });
    expect(key.status).toBe(201);
    const withKey = () =>
      fetch(`${server.url}/api/v1/secrets`, { headers: { authorization: `Bearer ${key.body.key}` } });
    expect((await withKey()).status).toBe(200);
    expect((await grace.call('DELETE', 'auth/me')).status).toBe(204);
    expect(grace.cookie).toBe('');
    expect((await withKey()).status).toBe(401);
  });

  it('leaves no session, no membership and nobody to sign in', async () => {
    expectRefusal(
      await grace.elsewhere().signIn({ password: `${PASSWORD} of grace` }),
      401,
      'AUTHENTICATION_REQUIRED',
    );
    expect((await members()).map(({ email }) => email)).toEqual(['ada@example.com']);
  });

  it('leaves the name and the address in no file of a running server', () => {
    expect(tracesBelow(server.dataDir, [EMAIL, EMAIL.toUpperCase(), NAME])).toEqual([]);
    expect(server.printed.toLowerCase()).not.toContain('unforgettable');
  });

  it('leaves the trail, with an id that names nobody', async () => {
    await server.stop();
    const removed = await server.stored.events(['MemberRemoved']);
    expect(removed).toHaveLength(2);
    for (const { data } of removed) expect(data['userId']).toMatch(/^usr_\w{26}$/);
    expect(tracesBelow(server.dataDir, [EMAIL, NAME])).toEqual([]);
    server = await Server.start({ dataDir: server.dataDir });
    const cookie = ada.cookie;
    ada = new Person(server);
    ada.cookie = cookie;
  });

  it('frees the address: whoever has it next is somebody else', async () => {
    const again = new Person(server, EMAIL);
    expect((await again.signUp({ invitation_token: await invite(EMAIL, 'member') })).status).toBe(201);
    expect((await again.me()).body.data).toMatchObject({ totp_enabled: false, name: 'Ada' });
    expect(await organizationsOf(again)).toHaveLength(2);
  });

  it('is for who has just proved who they are', async () => {
    const person = new Person(server, EMAIL);
    await person.signIn();
    await server.stop();
    const sessions = { service: 'access', collection: 'sessions_v1' };
    await server.stored.setField(sessions, 'authenticatedAt', '2020-01-01T00:00:00.000Z');
    server = await Server.start({ dataDir: server.dataDir });
    const back = new Person(server, EMAIL);
    back.cookie = person.cookie;
    const again = { status: 403, code: 'REAUTHENTICATION_REQUIRED' } as const;
    const own = (await back.me()).body.data.personal_organization_id;
    const { body: listed } = await back.call<Members>('GET', `organizations/${own}/members`);
    const refused: Record<string, unknown> = {
      'DELETE /api/v1/auth/me': undefined,
      'DELETE /api/v1/auth/totp': undefined,
      'POST /api/v1/auth/totp': undefined,
      'POST /api/v1/auth/totp/recovery-codes': undefined,
      'PUT /api/v1/auth/password': { password: 'a new good password' },
      'POST /api/v1/organizations/{organizationId}/api-keys': { name: 'k', scopes: ['keys:manage'] },
      'POST /api/v1/organizations/{organizationId}/members/invite': {
        email: 'eve@example.com',
        role: 'owner',
      },
      'PUT /api/v1/organizations/{organizationId}/members/{id}': { role: 'owner' },
    };
    expect(Object.keys(refused).sort()).toEqual((await routesWith(server, again.code)).sort());
    for (const [route, body] of Object.entries(refused)) {
      const [method = '', template = ''] = route.split(' ');
      const path = template.replace('{organizationId}', own).replace('{id}', listed.data[0]?.id ?? '');
      expectRefusal(await back.call(method, path, { body }), again.status, again.code);
    }
    const plain = await back.call('POST', `organizations/${own}/api-keys`, { body: { name: 'k' } });
    expect(plain.status).toBe(201);
    expectRefusal(
      await back.reauthenticate({ password: 'not the right one' }),
      401,
      'AUTHENTICATION_REQUIRED',
    );
    expect((await back.reauthenticate()).status).toBe(200);
    expect((await back.call('DELETE', 'auth/me')).status).toBe(204);
  });
});

/** The routes that may answer with this code, as the API describes itself: `DELETE /api/v1/auth/me`. */
async function routesWith(server: Server, code: string): Promise<string[]> {
  const { body } = await new Person(server).call<{
    paths: Record<string, Record<string, { responses: object }>>;
  }>('GET', '/openapi.json');
  return Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { responses }]) => JSON.stringify(responses).includes(`"${code}"`))
      .map(([method]) => `${method.toUpperCase()} ${path}`),
  );
}
