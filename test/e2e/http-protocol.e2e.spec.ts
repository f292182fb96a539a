import { Api } from './api';
import { newCanary } from './canary';
import { matching } from './matching';
import { exchange, rawRequest, type RawAnswer } from './raw-http';
import { Server } from './server';
import { until } from './until';

jest.setTimeout(60_000);

describe('the HTTP protocol', () => {
  let server: Server;
  let api: Api;
  let auth: string;
  const send = (text: string) => exchange(server, { pieces: [text] });

  beforeAll(async () => {
    server = await Server.start();
    api = Api.of(server);
    auth = `Authorization: Bearer ${server.apiKey}`;
    await api.create('GUARDED', 'guarded value');
  });
  afterAll(() => server.discard());

  const expectOneRefusal = ({ statuses, text, closed }: RawAnswer, allowed = [400, 405]) => {
    expect(statuses).toHaveLength(1);
    expect(allowed).toContain(statuses[0]);
    expect(text).toMatch(/^connection: close\r$/im);
    expect(text).toMatch(/^x-request-id: \S+\r$/im);
    expect(closed).toBe(true);
  };

  describe('lets no request be smuggled in', () => {
    const body = '{"secret":{"name":"SMUGGLED","value":"x"}}';
    const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;
    const json = 'Content-Type: application/json';
    const smuggled = () =>
      rawRequest('POST /api/v1/secrets', [auth, json, `Content-Length: ${body.length}`], body);
    const post = (headers: string[], rest: string) =>
      rawRequest('POST /api/v1/secrets', [auth, json, ...headers], rest);

    it.each<[string, () => string]>([
      [
        'a length and chunks',
        () => post(['Content-Length: 5', 'Transfer-Encoding: chunked'], `0\r\n\r\n${smuggled()}`),
      ],
      [
        'chunks and a length',
        () => post(['Transfer-Encoding: chunked', 'Content-Length: 5'], `0\r\n\r\n${smuggled()}`),
      ],
      ['two lengths', () => post(['Content-Length: 2', 'Content-Length: 200'], `{}${smuggled()}`)],
      ['the same length twice', () => post(['Content-Length: 2', 'Content-Length: 2'], `{}${smuggled()}`)],
      ['a list of lengths', () => post(['Content-Length: 2, 2'], `{}${smuggled()}`)],
      ['a signed length', () => post(['Content-Length: +2'], `{}${smuggled()}`)],
      ['a negative length', () => post(['Content-Length: -2'], `{}${smuggled()}`)],
      ['a hexadecimal length', () => post(['Content-Length: 0x2'], `{}${smuggled()}`)],
      ['a length beyond counting', () => post(['Content-Length: 18446744073709551618'], `{}${smuggled()}`)],
      [
        'a bad chunk size',
        () => post(['Transfer-Encoding: chunked'], `zz\r\n${body}\r\n0\r\n\r\n${smuggled()}`),
      ],
      [
        'a chunk that is longer',
        () => post(['Transfer-Encoding: chunked'], `1\r\n${body}\r\n0\r\n\r\n${smuggled()}`),
      ],
      ['chunked twice', () => post(['Transfer-Encoding: chunked, chunked'], chunk(body) + smuggled())],
      [
        'chunked, but not last',
        () => post(['Transfer-Encoding: chunked, identity'], chunk(body) + smuggled()),
      ],
      ['a coding beside chunks', () => post(['Transfer-Encoding: gzip, chunked'], chunk(body) + smuggled())],
      ['an unknown coding', () => post(['Transfer-Encoding: xchunked'], chunk(body) + smuggled())],
      ['a blank before the colon', () => post(['Transfer-Encoding : chunked'], chunk(body) + smuggled())],
      ['a folded header', () => post(['X-A: a', ' Transfer-Encoding: chunked'], chunk(body) + smuggled())],
      [
        'a bare line feed in a header',
        () => post([`X-A: a\nContent-Length: ${body.length}`], body + smuggled()),
      ],
      [
        'a bare carriage return',
        () => post(['X-A: a\rTransfer-Encoding: chunked'], chunk(body) + smuggled()),
      ],
      ['a NUL in a header', () => post(['X-A: a\0b', 'Content-Length: 2'], `{}${smuggled()}`)],
    ])('by %s', async (_, text) => {
      const answer = await send(text());
      expectOneRefusal(answer, [400]);
      expect((await api.list('?q=SMUGGLED')).body.data).toEqual([]);
    });

    it('by a body that is refused unread', async () => {
      const headers = ['Content-Encoding: gzip', 'Content-Length: 5'];
      const { statuses } = await send(post(headers, `12345${rawRequest('GET /livez')}`));
      expect(statuses).toEqual([415, 200].slice(0, statuses.length));
      const short = await send(post(['Content-Encoding: gzip', 'Content-Length: 500'], smuggled()));
      expect(short.statuses).toEqual([415]);
      expect((await api.list('?q=SMUGGLED')).body.data).toEqual([]);
    });
  });

  it.each(['TRACE', 'HEAD', 'PATCH', 'OPTIONS', 'BREW', 'get', 'PROPFIND', 'PURGE', 'QUERY', 'LINK', 'G ET'])(
    'knows no method %s',
    async (method) => {
      const probe = method === 'HEAD' ? '/livez/' : '/livez';
      for (const path of ['/api/v1/secrets', '/api/v1/secrets/GUARDED/value', probe, '/nowhere', '*'])
        expectOneRefusal(
          await send(rawRequest(`${method} ${path}`, [auth, 'Content-Length: 0']) + rawRequest('GET /livez')),
        );
    },
  );

  it.each(['/livez', '/readyz', '/metrics'])(
    'answers HEAD like GET, without the body, at %s',
    async (path) => {
      const { statuses, text, closed } = await send(rawRequest(`HEAD ${path}`) + rawRequest('GET /livez'));
      expect(statuses).toEqual([200, 200]);
      expect(text).toMatch(/^content-length: [1-9]\d*\r$/m);
      expect(text.split('\r\n\r\n')).toEqual([matching(/^HTTP/), matching(/^HTTP/), '{"status":"ok"}']);
      expect(closed).toBe(false);
    },
  );

  it('meets no expectation but that of a client that waits to send its body', async () => {
    const [first, behind] = [rawRequest('GET /nowhere'), rawRequest('GET /livez')];
    const answer = await send(first + rawRequest('GET /livez', ['Expect: a-miracle']) + behind);
    expect(answer).toMatchObject({ statuses: [404, 400], closed: true });
    const body = '{}';
    const waiting = [auth, 'Content-Type: application/json', 'Content-Length: 2', 'Expect: 100-Continue'];
    const { statuses } = await send(rawRequest('POST /api/v1/secrets', waiting, body));
    expect(statuses).toEqual([100, 422]);
  });

  it('opens no tunnel', async () => {
    expectOneRefusal(await send(rawRequest('CONNECT localhost:22') + rawRequest('GET /livez')), [400]);
  });

  it.each<[string, (headers: string[]) => string]>([
    ['two hosts', (headers) => rawRequest('GET /livez', ['host: elsewhere', ...headers])],
    ['the same host twice', (headers) => rawRequest('GET /livez', ['HOST: localhost', ...headers])],
    ['two credentials', (headers) => rawRequest('GET /livez', ['Authorization: Bearer x', ...headers])],
    [
      'two types of body',
      (headers) =>
        rawRequest('GET /livez', ['Content-Type: text/plain', 'content-type: text/plain', ...headers]),
    ],
  ])('guesses at nothing that is said twice: %s', async (_, request) => {
    const body = '{"secret":{"name":"BEHIND","value":"x"}}';
    const headers = [auth, 'Content-Type: application/json', `Content-Length: ${body.length}`];
    const behind = rawRequest('POST /api/v1/secrets', headers, body);
    expectOneRefusal(await send(request([auth]) + behind), [400]);
    expect((await api.list('?q=BEHIND')).body.data).toEqual([]);
  });

  it.each([
    ['*', 404],
    ['http://localhost', 200],
    ['http://localhost?a=b', 200],
    ['HTTP://localhost/livez', 200],
    ['https://localhost/nowhere', 404],
    ['ftp://localhost/livez', 404],
    ['/%zz', 400],
    ['/api/v1/secrets/%ff', 400],
    ['http://localhost/livez/%', 400],
  ])('answers like any other what asks for %s', async (target, status) => {
    const id = `asked-for-${target.replaceAll(/\W/g, '-')}`;
    const { statuses, text } = await send(rawRequest(`GET ${target}`, [`X-Request-Id: ${id}`]));
    expect(statuses).toEqual([status]);
    expect(text).toContain(`x-request-id: ${id}\r\n`);
    expect(text).toContain('x-content-type-options: nosniff\r\n');
    if (status === 404)
      expect(text).toContain(`{"error":"Not found","code":"NOT_FOUND","request_id":"${id}"}`);
    await until(
      async () => server.logs,
      (logs) => logs.includes(id),
    );
  });

  it.each([301, 2_000, 12_000])('finds no secret by an id of %d characters', async (length) => {
    const { statuses } = await send(rawRequest(`GET /api/v1/secrets/${'A'.repeat(length)}`, [auth]));
    expect(statuses).toEqual([404]);
  });

  it.each(['Content-Length: 0', 'X-Length: none', 'Transfer-Encoding: chunked'])(
    'takes no body for none, whatever type it is said to have: %s',
    async (framing) => {
      const body = framing.endsWith('chunked') ? '0\r\n\r\n' : '';
      const empty = (line: string) =>
        rawRequest(line, [auth, 'Content-Type: application/json', framing], body);
      const { text, statuses, closed } = await send(
        empty('DELETE /api/v1/secrets/NOT_THERE') + empty('POST /api/v1/secrets'),
      );
      expect(statuses).toEqual([404, 422]);
      expect(text).toContain('"details":[{"field":"body","message":"is missing"}]');
      expect(closed).toBe(false);
    },
  );

  it.each<[string, () => string]>([
    ['no HTTP', () => 'hello\r\n\r\n'],
    ['TLS', () => '\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03'],
    ['another version', () => `GET /livez HTTP/3.0\r\nHost: x\r\n\r\n`],
    ['no host', () => 'GET /livez HTTP/1.1\r\n\r\n'],
    ['a bad header name', () => rawRequest('GET /livez', ['X(A): b'])],
    ['an escape code in a header', () => rawRequest('GET /livez', ['User-Agent: \x1b[31mred'])],
    ['20 KiB of headers', () => rawRequest('GET /livez', [`X-A: ${'x'.repeat(20_480)}`])],
    ['a line of 20 KiB', () => rawRequest(`GET /livez?${'x'.repeat(20_480)}`)],
    [
      '3,000 headers',
      () =>
        rawRequest(
          'GET /livez',
          Array.from({ length: 3_000 }, (_, n) => `A${n}: b`),
        ),
    ],
  ])('is refused in the one shape of errors: %s', async (_, text) => {
    const answer = await send(text());
    expectOneRefusal(answer, [400, 413]);
    const body = JSON.parse(answer.text.slice(answer.text.indexOf('\r\n\r\n'))) as object;
    expect(Object.keys(body)).toEqual(['error', 'code', 'request_id']);
    expect(body).not.toMatchObject({ error: expect.stringContaining('body') as string });
  });

  it.each<[string, (canary: string) => string]>([
    ['a malformed path', (canary) => rawRequest(`GET /%zz${canary}`, [auth])],
    ['a malformed id', (canary) => rawRequest(`GET /api/v1/secrets/%${canary}`, [auth])],
    ['an id that is no UTF-8', (canary) => rawRequest(`GET /api/v1/secrets/%ff${canary}`, [auth])],
    ['a very long id', (canary) => rawRequest(`GET /api/v1/secrets/${'A'.repeat(2_000)}${canary}`, [auth])],
    ['a NUL in an id', (canary) => rawRequest(`GET /api/v1/secrets/A%00${canary}/value`, [auth])],
    ['an expectation', (canary) => rawRequest('GET /livez', [`Expect: ${canary}`])],
    ['a range', () => rawRequest('GET /api/v1/secrets/GUARDED', [auth, 'Range: bytes=0-1'])],
    ['another format', () => rawRequest('GET /api/v1/secrets/GUARDED', [auth, 'Accept: text/html'])],
    ['another coding', () => rawRequest('GET /api/v1/secrets/GUARDED', [auth, 'Accept-Encoding: br;q=1'])],
    ['an upgrade', () => rawRequest('GET /livez', ['Upgrade: websocket', 'Connection: upgrade'])],
    ['If-None-Match', () => rawRequest('GET /api/v1/secrets/GUARDED', [auth, 'If-None-Match: *'])],
  ])('answers as the contract says, whatever is asked of it: %s', async (_, request) => {
    const canary = newCanary('asked');
    const { statuses, text } = await send(request(canary));
    expect(statuses).toHaveLength(1);
    expect([200, 400, 404, 422]).toContain(statuses[0]);
    expect(text).not.toContain(canary);
    if (statuses[0] !== 200)
      expect(text).toMatch(/\{"error":"[^"]+","code":"[A-Z_]+",.*"request_id":"[^"]+"\}$/);
  });

  describe('has no way around the credential', () => {
    const paths = [
      ...['/api/v1/secrets', '/api/v1/secrets/', '/api/v1//secrets', '//api/v1/secrets', '/api//v1/secrets'],
      ...[
        '/%61pi/v1/secrets',
        '/api/v1/%73ecrets',
        '/api/v1/secrets;x',
        '/api/v1;x/secrets',
        '/api/v1/secrets;.css',
      ],
      ...[
        '/api%2fv1%2fsecrets',
        '/api/v1%2Fsecrets',
        '%2fapi/v1/secrets',
        '/api/v1/./secrets',
        '/api/v1/x/../secrets',
      ],
      ...[
        '/livez/../api/v1/secrets',
        '/livez/..%2fapi/v1/secrets',
        '/livez%2f..%2fapi/v1/secrets',
        '/livez;/api/v1/secrets',
      ],
      ...[
        '/metrics/../api/v1/secrets',
        '/API/V1/SECRETS',
        '/Api/v1/Secrets',
        '/api/v1/secrets%00',
        '/api/v1/secrets%20',
      ],
      ...[
        '/api/v1/secrets%2f',
        '/api/v1/secrets?',
        '/api/v1/secrets?x=/livez',
        '/api/v1/secrets#/livez',
        '/api/v1/secrets%23',
      ],
      ...[
        '/api/v1/secrets%3fx',
        '\\api\\v1\\secrets',
        '/api\\v1\\secrets',
        '/api/v1/secrets/..;/secrets',
        '*',
        'api/v1/secrets',
      ],
      ...[
        'http://localhost/api/v1/secrets',
        'http://x@localhost/api/v1/secrets',
        'https://localhost//api/v1/secrets',
      ],
      ...[
        '/api/v1/secrets/GUARDED/value',
        '/api/v1/secrets/GUARDED//value',
        '/api/v1/secrets/GUARDED/value/',
      ],
      ...[
        '/api/v1/secrets/GUARDED%2fvalue',
        '/api/v1/secrets/GUARDED/value;x',
        '/api/v1/secrets/%47UARDED/value',
      ],
    ];

    it.each(paths)('at %s', async (path) => {
      for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
        const { statuses, text } = await send(
          rawRequest(`${method} ${path}`, ['Content-Length: 0', 'Connection: close']),
        );
        expect(statuses).toHaveLength(1);
        expect([400, 401, 404]).toContain(statuses[0]);
        expect(text).not.toMatch(/GUARDED|guarded/);
      }
    });

    it.each([
      ...[
        'X-Original-URL: /livez',
        'X-Rewrite-URL: /livez',
        'X-Forwarded-Uri: /livez',
        'X-Forwarded-For: 127.0.0.1',
      ],
      ...['X-HTTP-Method-Override: HEAD', 'X-Forwarded-Prefix: /livez', 'X-Authenticated-User: admin'],
      ...['X-Org-Id: org_00000000000000000000000000', 'X-Actor-Id: key_00000000000000000000000000'],
    ])('by %s', async (header) => {
      const text = rawRequest('GET /api/v1/secrets/GUARDED/value', [header, 'Connection: close']);
      expect((await send(text)).statuses).toEqual([401]);
    });
  });

  it('keeps requests apart that share a connection', async () => {
    const first = rawRequest('GET /api/v1/secrets/GUARDED/value', [auth]);
    const second = rawRequest('GET /api/v1/secrets/GUARDED/value');
    const { statuses } = await send(first + second + first);
    expect(statuses).toEqual([200, 401, 200]);
  });
});
