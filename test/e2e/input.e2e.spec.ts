import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { Api } from './api';
import { expectRefusal } from './expect-refusal';
import { exchange, rawRequest } from './raw-http';
import { Server } from './server';

jest.setTimeout(120_000);

describe('input', () => {
  let server: Server;
  let api: Api;
  const post = (body: unknown, headers: Record<string, string> = {}) =>
    api.call('POST', 'secrets', { body, headers });
  const secret = (fields: object) => ({ secret: { name: 'REFUSED', value: 'x', ...fields } });

  beforeAll(async () => {
    server = await Server.start();
    api = Api.of(server);
  });
  afterAll(() => server.discard());

  /** Whatever a test sent, nothing of it was stored, and the server works as before. */
  afterEach(async () => {
    expect((await api.list('?q=REFUSED')).body.data).toEqual([]);
    expect((await api.create('STILL_WORKS', 'x')).status).toBe(201);
    await api.delete('STILL_WORKS');
  });

  describe('names', () => {
    it.each([
      ...[
        'a',
        'Á',
        'A B',
        'A\n',
        'A\u0000',
        'A%00',
        'Ａ',
        'Ａ_Ｂ',
        'A'.repeat(256),
        '',
        ' ',
        ' A',
        'A ',
        '\nA',
      ],
      ...[
        '_A',
        '1A',
        '-A',
        'A-B',
        'A.B',
        'A/B',
        'A\\B',
        '../A',
        "A'",
        'A"',
        'A;',
        'A\u200b',
        'А',
        'A\u0301',
        '😀',
      ],
      ...['__PROTO__', '__proto__', 'constructor', 'sec_00000000000000000000000000', 'A\r\nB', 'A\u2028'],
    ])('%j is refused', async (name) => {
      expectRefusal(await post(secret({ name })), 422, 'VALIDATION_FAILED');
      const path = `secrets/${encodeURIComponent(name)}/value`;
      expect([400, 404, 422]).toContain((await api.call('GET', path)).status);
    });

    it.each([
      ...['CONSTRUCTOR', 'PROTOTYPE', 'TOSTRING', 'VALUEOF', 'HASOWNPROPERTY', 'LENGTH', 'NULL', 'UNDEFINED'],
      ...['A', 'Z9_', 'A__', 'LIST', 'NAN', 'A'.repeat(255)],
    ])('%s is stored and listed exactly', async (name) => {
      const { status, body } = await api.create(name, `value of ${name}`);
      expect(status).toBe(201);
      expect((await api.list(`?name=${name}`)).body.data).toEqual([body.data]);
      expect((await api.reveal(name)).body).toMatchObject({ name, value: `value of ${name}` });
      expect((await api.delete(name)).status).toBe(204);
    });
  });

  describe('JSON', () => {
    const valid = '{"secret":{"name":"REFUSED","value":"x"}}';
    const deep = (open: string, close: string) => `{"secret":${open.repeat(10_000)}${close.repeat(10_000)}}`;

    it.each<[string, string | Uint8Array]>([
      ['10,000 arrays in each other', deep('[', ']')],
      ['10,000 objects in each other', deep('{"a":', '}').replace(':}', ':1}')],
      ['200,000 open brackets', '['.repeat(200_000)],
      ['20,000 keys', `{${Array.from({ length: 20_000 }, (_, n) => `"k${n}":1`).join()}}`],
      ['the same key twice', '{"secret":{"name":"REFUSED","value":"x","value":"y"}}'],
      ['the same key in two spellings', '{"secret":{"name":"REFUSED","value":"x","v\\u0061lue":"y"}}'],
      ['the wrapping twice', `{"secret":{"name":"REFUSED","value":"x"},"secret":{}}`],
      ['__proto__', '{"secret":{"name":"REFUSED","value":"x","__proto__":{"polluted":1}}}'],
      ['__proto__ outside', '{"__proto__":{"secret":{"name":"REFUSED","value":"x"}}}'],
      ['__proto__ escaped', '{"secret":{"name":"REFUSED","value":"x","\\u005f_proto__":{}}}'],
      ['a byte-order mark', `\ufeff${valid}`],
      ['UTF-16', Buffer.from(valid, 'utf16le')],
      ['NaN', '{"secret":{"name":"REFUSED","value":NaN}}'],
      ['Infinity', '{"secret":{"name":"REFUSED","value":-Infinity}}'],
      ['a comment', `/* */${valid}`],
      ['a comma at the end', '{"secret":{"name":"REFUSED","value":"x",}}'],
      ['single quotes', valid.replaceAll('"', "'")],
      ['two documents', valid + valid],
      ['half a document', valid.slice(0, -1)],
      ['an open text', '{"secret":{"name":"REFUSED","value":"x'],
      ['an escape cut short', '{"secret":{"name":"REFUSED","value":"\\u00'],
      ['a control character in a text', '{"secret":{"name":"REFUSED","value":"a\nb"}}'],
      ['a NUL byte in a text', '{"secret":{"name":"REFUSED","value":"a\0b"}}'],
      ['an unknown escape', '{"secret":{"name":"REFUSED","value":"\\x41"}}'],
      ['a byte that is no UTF-8', Buffer.from(valid.replace('x', '\xff'), 'latin1')],
      ['an overlong sequence', Buffer.from(valid.replace('x', '\xc0\xaf'), 'latin1')],
      ['a surrogate in UTF-8', Buffer.from(valid.replace('x', '\xed\xa0\x80'), 'latin1')],
      ['half a character', Buffer.from(valid.replace('x', '\xf0\x9f\x98'), 'latin1')],
      ['white space', ' \n\t'],
      ['text', 'secret'],
    ])('that is %s is malformed', async (_, body) => {
      const started = performance.now();
      expectRefusal(await post(body), 400, 'MALFORMED_JSON');
      expect(performance.now() - started).toBeLessThan(1_000);
      expect((await api.create('STILL_WORKS', 'x')).body.data).not.toHaveProperty('polluted');
      await api.delete('STILL_WORKS');
    });

    const mebibyte = 'x'.repeat(1_048_576);
    const millionKeys = Array.from({ length: 1_000_000 }, (_, n) => `"k${n}":1`).join();

    it.each([
      ['of 20 MB', 'Content-Length: 20971520', Array.from({ length: 20 }, () => mebibyte)],
      [
        'of 20 MB in chunks',
        'Transfer-Encoding: chunked',
        Array.from({ length: 20 }, () => `100000\r\n${mebibyte}\r\n`),
      ],
      ['of a million keys', `Content-Length: ${millionKeys.length}`, [millionKeys]],
    ])('%s is too large', async (_, framing, body) => {
      const head = [`Authorization: Bearer ${server.apiKey}`, 'Content-Type: application/json', framing];
      const pieces = [rawRequest('POST /api/v1/secrets', head), ...body];
      const { statuses, closed, ms } = await exchange(server, { pieces, pauseMs: 20 });
      expect(statuses).toEqual([413]);
      expect(closed).toBe(true);
      expect(ms).toBeLessThan(5_000);
    });

    it.each([
      ['gzip', () => post(gzipSync(JSON.stringify(secret({}))), { 'content-encoding': 'gzip' })],
      ['an unknown encoding', () => post(secret({}), { 'content-encoding': 'identity, gzip' })],
      ['text/plain', () => post(secret({}), { 'content-type': 'text/plain' })],
      ['a form', () => post('secret=x', { 'content-type': 'application/x-www-form-urlencoded' })],
      ['multipart', () => post('--x--', { 'content-type': 'multipart/form-data; boundary=x' })],
      ['XML', () => post('<secret/>', { 'content-type': 'application/xml' })],
      ['no type', () => post(Buffer.from(JSON.stringify(secret({}))), { 'content-type': '' })],
      ['a type that only begins like JSON', () => post(secret({}), { 'content-type': 'application/jsonx' })],
    ])('that is said to be %s is refused', async (_, send) => {
      expectRefusal(await send(), 415, 'UNSUPPORTED_MEDIA_TYPE');
    });
  });

  it('that drips in is cut off, and nobody else waits for it', async () => {
    const head = [
      `Authorization: Bearer ${server.apiKey}`,
      'Content-Type: application/json',
      'Content-Length: 100',
    ];
    const drip = (start: string) =>
      exchange(server, {
        pieces: [start, ...Array.from('{"secret":'.padEnd(90))],
        pauseMs: 500,
        msMax: 40_000,
      });
    const bodies = Array.from({ length: 20 }, () => drip(rawRequest('POST /api/v1/secrets', head)));
    const headers = Array.from({ length: 20 }, () =>
      drip('POST /api/v1/secrets HTTP/1.1\r\nHost: x\r\nX-A: '),
    );
    const done = new AbortController();
    const dripping = Promise.all([...bodies, ...headers]).finally(() => done.abort());
    let slowest = 0;
    while (!done.signal.aborted) {
      const started = performance.now();
      expect((await api.list()).status).toBe(200);
      slowest = Math.max(slowest, performance.now() - started);
      await delay(100);
    }
    for (const { statuses, closed, ms } of await dripping) {
      expect([[], [408]]).toContainEqual(statuses);
      expect(closed).toBe(true);
      expect(ms).toBeLessThan(25_000);
    }
    expect(slowest).toBeLessThan(1_000);
  });

  describe('of the wrong type', () => {
    const wrong: [string, unknown][] = [
      ['an object', { $ne: null }],
      ['an array', ['x']],
      ['an empty array', []],
      ['a number', 1],
      ['true', true],
    ];
    const fields = ['name', 'value', 'description', 'expires_at'];

    it.each(fields.flatMap((field) => wrong.map(([what, value]) => [field, what, value] as const)))(
      'as %s is refused: %s',
      async (field, _, value) => {
        const { details } = expectRefusal(await post(secret({ [field]: value })), 422, 'VALIDATION_FAILED');
        expect(details?.map((detail) => detail.field)).toEqual([`secret.${field}`]);
      },
    );

    it.each([
      ['text', 'x'],
      ['an object', { 0: 'x', length: 1 }],
      ['a number in a list', [1]],
      ['an object in a list', [{ $ne: null }]],
      ['a list in a list', [['x']]],
      ['null in a list', [null]],
      ['the same tag twice', ['x', 'x']],
    ])('as tags is refused: %s', async (_, tags) => {
      expectRefusal(await post(secret({ tags })), 422, 'VALIDATION_FAILED');
    });

    it.each([
      [{}],
      [[]],
      ['x'],
      [1],
      [null],
      [true],
      [{ secret: null }],
      [{ secret: [] }],
      [{ secret: 'x' }],
      [{ secret: [{}] }],
    ])('as the body is refused: %j', async (body) => {
      expectRefusal(await post(JSON.stringify(body)), 422, 'VALIDATION_FAILED');
      expectRefusal(
        await api.call('PUT', 'secrets/NONE', { body: JSON.stringify(body) }),
        422,
        'VALIDATION_FAILED',
      );
    });

    it.each([
      ...[
        'page[$ne]=',
        'page[]=1',
        'name[$ne]=x',
        'name[]=A',
        'q[$regex]=.',
        'q[]=a',
        'tag[$gt]=',
        'sort[]=name',
      ],
      ...['page_size[$ne]=1', '$where=1', 'name=%7B%22$ne%22:null%7D'],
    ])('in the query is refused: %s', async (query) => {
      expectRefusal(await api.list(`?${query}`), 422, 'VALIDATION_FAILED');
    });

    it('in a path or in the query of one secret is refused', async () => {
      await api.create('ONE', 'x');
      for (const id of ['[object Object]', '{"$ne":null}', '["ONE"]', 'ONE,ONE', '*', 'null', 'true'])
        expectRefusal(await api.get(encodeURIComponent(id)), 404, 'NOT_FOUND');
      for (const query of ['version[$gt]=0', 'version[]=1', 'version={"$gt":0}'])
        expectRefusal(await api.call('GET', `secrets/ONE/value?${query}`), 422, 'VALIDATION_FAILED');
      expectRefusal(await api.delete('ONE?destroy[$ne]=false'), 422, 'VALIDATION_FAILED');
      expect((await api.delete('ONE')).status).toBe(204);
    });
  });

  it.each([
    'orgId',
    'org_id',
    'version',
    'createdBy',
    'id',
    'inserted_at',
    'last_read_at',
    'deleted',
    'Name',
    'constructor',
    'toString',
    '',
  ])('has no unknown fields: %j', async (field) => {
    for (const [place, body] of [
      [`secret.${field}`, secret({ [field]: {} })],
      [field, { ...secret({}), [field]: {} }],
    ] as const) {
      const { details } = expectRefusal(await post(body), 422, 'VALIDATION_FAILED');
      expect(details).toEqual([{ field: place, message: 'is not a known field' }]);
    }
    expectRefusal(
      await api.call('PUT', 'secrets/NONE', { body: { secret: { [field]: 'x' } } }),
      422,
      'VALIDATION_FAILED',
    );
  });

  it.each([
    ['empty', ''],
    ['10,001 characters', 'x'.repeat(10_001)],
    ['10,001 emoji', '😀'.repeat(10_001)],
    ['a lone high surrogate', 'a\ud800b'],
    ['a lone low surrogate', '\udc00'],
    ['surrogates the wrong way round', '\udc00\ud800'],
  ])('is refused as a value: %s', async (_, value) => {
    const { error } = expectRefusal(await post(secret({ value })), 422, 'VALIDATION_FAILED');
    expect(error).toMatch(/secret\.value must be .* 10,000 characters .* without lone surrogates/);
    expectRefusal(await post(secret({ description: value || '\ud800' })), 422, 'VALIDATION_FAILED');
  });
});
