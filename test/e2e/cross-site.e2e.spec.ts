import { Api } from './api';
import { expectRefusal } from './expect-refusal';
import { exchange, rawRequest } from './raw-http';
import { firstOwner, PASSWORD, Person, signUpToken } from './person';
import { Server } from './server';

jest.setTimeout(60_000);

describe('requests that another site makes a browser send (F3)', () => {
  let server: Server;
  let api: Api;
  let ada: Person;
  let token: string;

  beforeAll(async () => {
    server = await Server.start();
    api = new Api(server, server.apiKey);
    token = signUpToken(server);
    ada = await firstOwner(server);
  });
  afterAll(() => server.discard());

  const json = { 'content-type': 'application/json' };
  /** What browsers and others add by themselves to what a page on another site asks for. */
  const foreign: [string, Record<string, string>][] = [
    ['a script of another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example', ...json }],
    [
      'a script of a sibling site',
      { 'sec-fetch-site': 'same-site', origin: 'http://evil.localhost', ...json },
    ],
    ['an old browser, from another site', { 'sec-fetch-site': '', origin: 'https://evil.example', ...json }],
    ['an old browser, from another port', { 'sec-fetch-site': '', origin: 'http://127.0.0.1:1', ...json }],
    ['a sandboxed frame', { 'sec-fetch-site': 'cross-site', origin: 'null', ...json }],
    ['who says nothing of where it comes from', { 'sec-fetch-site': '', ...json }],
    [
      'who claims to have typed a POST',
      { 'sec-fetch-site': 'none', origin: 'https://evil.example', ...json },
    ],
  ];
  const asked: [string, string, unknown?][] = [
    ['POST', 'secrets', { secret: { name: 'PLANTED', value: 'x' } }],
    ['PUT', 'auth/me', { name: 'Eve' }],
    ['PUT', 'auth/password', { current_password: PASSWORD, password: 'a password of eve' }],
    ['POST', 'auth/sign-out'],
    ['POST', 'auth/totp'],
    ['DELETE', 'auth/sessions'],
    ['DELETE', 'auth/me'],
    ['POST', 'organizations', { name: 'Eve' }],
  ];

  it.each(foreign)(
    'change nothing when they come from %s',
    async (_, { 'sec-fetch-site': site, ...headers }) => {
      const other = ada.elsewhere();
      await other.signIn();
      for (const [method, path, body] of asked) {
        const answer = await sendAs(ada, method, path, { body, headers, site });
        expectRefusal(answer, 403, 'CROSS_SITE_REQUEST');
      }
      expect((await ada.me()).body.data.name).toBe('Ada');
      expect((await other.me()).status).toBe(200);
      expect((await ada.call<{ data: unknown[] }>('GET', 'secrets')).body.data).toEqual([]);
      expect((await other.signIn()).status).toBe(200);
    },
  );

  it('sign nobody in or up who did not ask for it', async () => {
    for (const [, { 'sec-fetch-site': site, ...headers }] of foreign.slice(0, 5)) {
      const stranger = new Person(server);
      const body = { email: 'ada@example.com', password: PASSWORD };
      expectRefusal(
        await sendAs(stranger, 'POST', 'auth/sign-in', { body, headers, site }),
        403,
        'CROSS_SITE_REQUEST',
      );
      const more = { ...body, email: 'eve@example.com', name: 'Eve', sign_up_token: token };
      expectRefusal(
        await sendAs(stranger, 'POST', 'auth/sign-up', { body: more, headers, site }),
        403,
        'CROSS_SITE_REQUEST',
      );
      expect(stranger.cookie).toBe('');
    }
    // Who is no browser has no cookie that another site could use.
    const body = { email: 'ada@example.com', password: PASSWORD };
    expect((await sendAs(new Person(server), 'POST', 'auth/sign-in', { body, headers: json })).status).toBe(
      200,
    );
  });

  /** What a form of another site can send without asking, and JSON in disguise. */
  const forms: [string, string][] = [
    ['application/x-www-form-urlencoded', 'secret[name]=PLANTED&secret[value]=x'],
    ['text/plain', '{"secret":{"name":"PLANTED","value":"x"}}'],
    ['multipart/form-data; boundary=x', '--x\r\n\r\n{}\r\n--x--'],
    ['', '{"secret":{"name":"PLANTED","value":"x"}}'],
  ];

  it.each(forms)('change nothing as a form that another site sends: %s', async (type, body) => {
    const sources = [
      ['Sec-Fetch-Site: cross-site', 'Origin: https://evil.example'],
      ['Origin: https://evil.example'],
      ['Sec-Fetch-Site: cross-site', 'Origin: null'],
      [],
    ];
    for (const source of sources) {
      for (const line of ['POST /api/v1/secrets', 'PUT /api/v1/auth/me', 'DELETE /api/v1/auth/sessions']) {
        const text = [`Cookie: ${ada.cookie}`, `Content-Length: ${body.length}`, ...source];
        if (type !== '') text.push(`Content-Type: ${type}`);
        const answer = await exchange(server, { pieces: [rawRequest(line, text, body)] });
        expect({ line, source, statuses: answer.statuses }).toEqual({ line, source, statuses: [403] });
        expect(answer.text).toContain('CROSS_SITE_REQUEST');
      }
    }
    expect((await ada.me()).body.data.name).toBe('Ada');
    expect((await ada.call<{ data: unknown[] }>('GET', 'secrets')).body.data).toEqual([]);
  });

  it.each(forms)('are no forms, whatever they hold: %s', async (type, body) => {
    const text = [
      ...[`Cookie: ${ada.cookie}`, 'Sec-Fetch-Site: same-origin', `Content-Length: ${body.length}`],
      ...(type === '' ? [] : [`Content-Type: ${type}`]),
    ];
    const answer = await exchange(server, { pieces: [rawRequest('POST /api/v1/secrets', text, body)] });
    expect(answer.statuses).toEqual([415]);
  });

  it('read nothing either, though a person may type an address', async () => {
    for (const site of ['cross-site', 'same-site'])
      expectRefusal(await sendAs(ada, 'GET', 'secrets', { site }), 403, 'CROSS_SITE_REQUEST');
    for (const site of ['none', 'same-origin', undefined])
      expect((await sendAs(ada, 'GET', 'secrets', { site })).status).toBe(200);
  });

  it('are told from our own by what an old browser says', async () => {
    const headers = { origin: server.url, ...json };
    const answer = await sendAs(ada, 'PUT', 'auth/me', { body: { name: 'Ada' }, headers });
    expect(answer.status).toBe(200);
  });

  it('are nothing to who presents a key: no browser adds that by itself', async () => {
    for (const [, headers] of foreign) {
      const { 'sec-fetch-site': site, ...rest } = headers;
      const answer = await api.list('', { ...rest, ...(site ? { 'sec-fetch-site': site } : {}) });
      expect(answer.status).toBe(200);
    }
  });

  it('find no route that changes anything for the asking', async () => {
    for (const [, path] of asked)
      if (path !== 'secrets' && path !== 'auth/me' && path !== 'auth/sessions' && path !== 'organizations')
        expect((await ada.call('GET', path)).status).toBe(404);
  });
});

interface Sent {
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** Empty or absent: the browser does not say. */
  readonly site?: string | undefined;
}

/** `fetch` says nothing of the site by itself, so what is not given is not sent. */
async function sendAs(person: Person, method: string, path: string, { body, headers = {}, site }: Sent) {
  const response = await fetch(`${person.server.url}/api/v1/${path}`, {
    method,
    headers: {
      ...(person.cookie !== '' && { cookie: person.cookie }),
      ...Object.fromEntries(
        Object.entries(headers).filter(([name]) => body !== undefined || name !== 'content-type'),
      ),
      ...(site ? { 'sec-fetch-site': site } : {}),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const parsed = (text.startsWith('{') ? JSON.parse(text) : {}) as Record<string, unknown>;
  return { status: response.status, headers: response.headers, text, body: parsed };
}
