import { Api, type Answer } from './api';
import { newCanary, tracesBelow } from './canary';
import { anyText } from './matching';
import { exchange, rawRequest, type RawAnswer } from './raw-http';
import { Server } from './server';

jest.setTimeout(60_000);

describe('what was entrusted', () => {
  let server: Server;
  let api: Api;
  /** Sent as the value of a secret, in requests that succeeded and in ones that did not. */
  const values: string[] = [];
  /** Sent in any other place. */
  const strays: string[] = [];
  const newValue = () => values[values.push(newCanary('Value')) - 1] ?? '';
  const newStray = (label = 'Stray') => strays[strays.push(newCanary(label)) - 1] ?? '';

  beforeAll(async () => {
    server = await Server.start();
    api = Api.of(server);
    await api.create('TAKEN', 'x');
    await api.create('TARGET', 'x');
  });
  afterAll(() => server.discard());

  const expectSilence = (context: string, answer: Answer<unknown>, status: number | readonly number[]) => {
    expect([status].flat().map((allowed) => `${context}: ${allowed}`)).toContain(
      `${context}: ${answer.status}`,
    );
    const said = (answer.text + JSON.stringify([...answer.headers])).toLowerCase();
    for (const canary of [...values, ...strays]) expect(said).not.toContain(canary.toLowerCase());
  };

  it('is not told by the answer to a write', async () => {
    expectSilence('create', await api.create('KEPT', newValue()), 201);
    expectSilence('update', await api.update('KEPT', { value: newValue(), description: 'd' }), 200);
    const key = { 'idempotency-key': 'leaks' };
    const value = newValue();
    for (let time = 0; time < 2; time += 1)
      expectSilence('repeated', await api.update('KEPT', { value }, key), 200);
    expectSilence('reused key', await api.update('KEPT', { value: newValue() }, key), 422);
    expectSilence('metadata', await api.get('KEPT'), 200);
    expectSilence('list', await api.list('?q=Value'), 200);
    expectSilence('versions', await api.versions('KEPT'), 200);
    expect((await api.reveal('KEPT', 3)).body.value).toBe(value);
    const short = await api.create('DESTROYED', newValue());
    expectSilence('destroyed', await api.delete(`${short.body.data.id}?destroy=true`), 204);
  });

  it('is not told by any refusal', async () => {
    const match = { 'if-match': '"77"' };
    const secret = (fields: object) => ({
      body: { secret: { name: 'REFUSED', value: newValue(), ...fields } },
    });
    const post = (call: Parameters<Api['call']>[2]) => api.call('POST', 'secrets', call);
    const value = newValue();
    expectSilence('name taken', await api.create('TAKEN', newValue()), 409);
    expectSilence(
      'rename to a taken name',
      await api.update('TARGET', { name: 'TAKEN', value: newValue() }),
      409,
    );
    expectSilence('If-Match', await api.update('TARGET', { value: newValue() }, match), 412);
    expectSilence('not there', await api.update('NOT_THERE', { value: newValue() }), 404);
    expectSilence('bad id', await api.update('not-an-id', { value: newValue() }), 404);
    expectSilence('bad name', await post(secret({ name: newStray() })), 422);
    expectSilence('bad tag', await post(secret({ tags: [`${newStray()} `] })), 422);
    expectSilence('bad expiry', await post(secret({ expires_at: newStray() })), 422);
    expectSilence('long description', await post(secret({ description: newStray().repeat(20) })), 422);
    expectSilence('long value', await post(secret({ value: newValue().repeat(200) })), 422);
    expectSilence('lone surrogate', await post(secret({ value: `${newValue()}\ud800` })), 422);
    expectSilence('value in a list', await post(secret({ value: [newValue()] })), 422);
    expectSilence('value in an object', await post(secret({ value: { value: newValue() } })), 422);
    expectSilence('unknown field', await post(secret({ password: newValue() })), 422);
    expectSilence('unknown field name', await post(secret({ [newStray()]: 'x' })), 422);
    expectSilence(
      'unknown name outside',
      await post({ body: { [newStray()]: 'x', ...secret({}).body } }),
      422,
    );
    expectSilence('not wrapped', await post({ body: { name: 'REFUSED', value: newValue() } }), 422);
    expectSilence(
      'half a document',
      await post({ body: `{"secret":{"name":"REFUSED","value":"${value}` }),
      400,
    );
    expectSilence(
      'a bad token',
      await post({ body: `{"secret":{"name":"REFUSED","value":"x"},${value}}` }),
      400,
    );
    expectSilence('bare text', await post({ body: newValue() }), 400);
    expectSilence('duplicate key', await post({ body: `{"${value}":1,"${value}":1}` }), 400);
    expectSilence('text', await post({ body: value, headers: { 'content-type': 'text/plain' } }), 415);
    expectSilence(
      'type',
      await post({ body: value, headers: { 'content-type': `application/${newStray()}` } }),
      415,
    );
    expectSilence('coding', await post({ body: value, headers: { 'content-encoding': newStray() } }), 415);
    const large = value.repeat(4_000);
    const head = ['Content-Type: application/json', `Content-Length: ${large.length}`];
    const pieces = [rawRequest('POST /api/v1/secrets', head), large];
    expectSilence('too large', parsed(await exchange(server, { pieces, pauseMs: 20 })), 413);
    expectSilence('no credential', await post({ ...secret({}), key: null }), 401);
    expectSilence('bad credential', await post({ ...secret({}), key: newStray() }), 401);
    expectSilence('bad key', await post({ ...secret({}), key: `hklst_${newStray().slice(0, 84)}` }), 401);
  });

  it.each([
    ...[
      'secrets/?',
      'secrets/?/value',
      'secrets/TARGET/?',
      'secrets??=1',
      'secrets?page=?',
      'secrets?sort=?',
    ],
    ...[
      'secrets?tag=?%20',
      'secrets/TARGET/value?version=?',
      '/?',
      '/metrics/?',
      '/%zz?',
      '/api/v1/secrets/%ff?',
    ],
  ])('is not told when it stands in the path: %s', async (path) => {
    // The last question mark stands for it.
    const at = path.lastIndexOf('?');
    for (const stray of [newStray(), newStray('STRAY').toUpperCase()])
      expectSilence(
        path,
        await api.call('GET', path.slice(0, at) + stray + path.slice(at + 1)),
        [400, 404, 422],
      );
  });

  it('is not told wherever else it was put', async () => {
    expectSilence('search', await api.list(`?q=${newStray()}`), 200);
    for (const header of [
      'x-request-id',
      'user-agent',
      'cookie',
      'referer',
      'x-forwarded-for',
      'accept',
      'origin',
    ])
      expectSilence(header, await api.list('', { [header]: newStray() }), 200);
    for (const header of ['if-match', 'idempotency-key', 'x-consistency-token']) {
      const allowed = [200, 204, 400, 412, 404];
      expectSilence(header, await api.delete('TARGET', { [header]: newStray() }), allowed);
      expectSilence(header, await api.list('', { [header]: newStray() }), allowed);
    }
    for (const text of [
      () => `${newStray()}\r\n\r\n`,
      () => rawRequest(`GET /livez?${newStray()}`, [`${newStray()}: x\0`]),
      () => rawRequest(`${newStray('BREW')} /livez`),
      () => rawRequest(`TRACE /${newStray()}`, [`X-A: ${newStray()}`]),
      () => rawRequest('GET /livez', [`Expect: ${newStray()}`]),
    ]) {
      const said = (await exchange(server, { pieces: [text()] })).text;
      for (const canary of strays) expect(said).not.toContain(canary);
    }
  });

  it('is in no metric', async () => {
    const metrics = await api.call('GET', '/metrics', { key: null });
    expect(metrics.text).toContain('http_requests_total');
    expectSilence('metrics', metrics, 200);
    expect(metrics.text).not.toMatch(/stray|value[0-9a-f]{20}/i);
  });

  it('cannot break a line of the log, nor hide in it', async () => {
    const ugly = 'a\r\n{"level":"error"}\u2028b\u2029\u0085c\x1b[31m\x1b]0;title\x07\x9b2J\u202e\0d';
    const created = await api.create('UGLY', ugly, { description: ugly });
    expect(created.body.data.description).toBe(ugly);
    const agents = [
      '\x1b[2J',
      'a\u2028b',
      '\u0085',
      '\x9b31m',
      '%0d%0aX: y',
      '\r fold',
      '{"level":"error"}',
      '\\r\\n',
    ];
    for (const agent of agents) {
      const headers = [
        `Authorization: Bearer ${server.apiKey}`,
        `User-Agent: ${agent}`,
        `X-Request-Id: ${agent}`,
      ];
      await exchange(server, {
        pieces: [rawRequest('GET /api/v1/secrets/UGLY/value', headers)],
        quietMs: 100,
      });
    }
    await api.call('GET', 'secrets/%0d%0a%7B%22level%22%3A%22fatal%22%7D%1b%5B31m%e2%80%a8');
    await api.call('GET', 'secrets?q=%0d%0a%1b%5B31m%e2%80%a8');
  });

  it('is in no line of the log; each is one JSON object', async () => {
    await server.stop();
    const lines = server.logs.split(/\r\n|[\n\r\u2028\u2029\u0085]/).filter((line) => line !== '');
    expect(lines.length).toBeGreaterThan(50);
    for (const line of lines)
      expect(Object.keys(JSON.parse(line) as object)).toEqual(expect.arrayContaining(['level', 'time']));
    // eslint-disable-next-line no-control-regex -- control characters are what must not be there
    expect(server.logs.replaceAll('\n', '')).not.toMatch(/[\x00-\x1f\x7f-\x9f\u2028-\u202e]/);
    for (const canary of [...values, ...strays]) {
      expect(server.printed).not.toContain(canary.slice(10, 60));
      expect(server.printed.toLowerCase()).not.toContain(canary.slice(10, 60));
    }
    expect(server.screen.split('\n').at(-2)).toMatch(/^ready /);
  });

  it('rests in no file in any readable form', async () => {
    expect(values.length).toBeGreaterThan(20);
    expect(tracesBelow(server.dataDir, values)).toEqual([]);
    server = await Server.start({ dataDir: server.dataDir });
    // With the log beside the database, as a copy of a running server would have it.
    await Api.of(server).update('KEPT', { value: newValue() });
    expect(tracesBelow(server.dataDir, values)).toEqual([]);
    expect((await Api.of(server).reveal('KEPT')).body.value).toBe(values.at(-1));
  });

  it.each<[string, (api: Api) => Promise<Answer<unknown>>]>([
    ['a list', (api) => api.list()],
    ['a value', (api) => api.reveal('KEPT')],
    ['404', (api) => api.get('NOT_THERE')],
    ['404 beside the API', (api) => api.call('GET', '/nowhere')],
    ['422', (api) => api.create('bad name', 'x')],
    ['401', (api) => api.call('GET', 'secrets', { key: null })],
    ['400', (api) => api.call('POST', 'secrets', { body: '{' })],
    ['400 for a malformed path', (api) => api.call('GET', '/%zz')],
    ['405', (api) => api.call('PATCH', 'secrets')],
    ['415', (api) => api.call('POST', 'secrets', { body: 'x', headers: { 'content-type': 'text/plain' } })],
    ['/livez', (api) => api.call('GET', '/livez')],
    ['/readyz', (api) => api.call('GET', '/readyz')],
    ['/metrics', (api) => api.call('GET', '/metrics')],
    ['what is no HTTP', () => exchange(server, { pieces: ['nonsense\r\n\r\n'] }).then(parsed)],
  ])('is guarded by headers: %s', async (_, ask) => {
    const { status, headers, text } = await ask(Api.of(server));
    const seen = Object.fromEntries(headers);
    expect(seen).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'x-request-id': anyText(),
    });
    expect(seen).not.toHaveProperty('server');
    expect(seen).not.toHaveProperty('x-powered-by');
    expect(JSON.stringify(seen)).not.toMatch(/fastify|nest|node|express/i);
    if (status !== 200) expect(text).not.toMatch(/\bat [\w.]+ \(|node_modules|fastify|nest|FST_|\.js\b/i);
  });
});

function parsed({ text, statuses }: RawAnswer): Answer<unknown> {
  const [head = '', body = ''] = text.split('\r\n\r\n', 2);
  const [, ...lines] = head.split('\r\n');
  const headers = new Headers(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1)];
    }),
  );
  return { status: statuses[0] ?? 0, headers, text: body, body: {} };
}
