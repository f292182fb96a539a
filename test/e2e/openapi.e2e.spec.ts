import fc from 'fast-check';
import { parseApiKey } from '#libs/crypto';
import { Redacted } from '#libs/kernel';
import { Api, type Answer } from './api';
import { ApiDocument } from './api-document';
import { Learnt, requests, type GeneratedRequest, type SentRequest } from './generated-requests';
import { Server } from './server';

/** How long the generated requests go on. The case asks for ten minutes: C8_SECONDS=600. */
const SECONDS = Number(process.env['C8_SECONDS'] ?? 20);

jest.setTimeout((SECONDS + 60) * 1_000);

/** What a request that the document allows is never told. */
const REFUSED_AS_WRONG = [
  'MALFORMED_REQUEST',
  'MALFORMED_JSON',
  'VALIDATION_FAILED',
  'UNSUPPORTED_MEDIA_TYPE',
  'BODY_TOO_LARGE',
];

/** What no key and no guess can do: people sign up with a token, and only then is there a member. */
const needsAPerson = ['changeMemberRole', 'removeMember', 'signUp', 'signIn'];
/** 404 without a provider; with one: test/e2e/oidc.e2e.spec.ts. */
const needsAProvider = ['beginOidcSignIn', 'finishOidcFlow'];

describe('openapi.json', () => {
  let server: Server;
  let api: Api;
  let document: ApiDocument;

  beforeAll(async () => {
    server = await Server.start();
    api = Api.of(server);
    const answer = await api.call('GET', '/openapi.json', { key: null });
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    document = new ApiDocument(answer.body);
  });
  afterAll(() => server.discard());

  it('says what the server answers, whatever it is sent (case C8)', async () => {
    const own = parseApiKey(new Redacted(server.apiKey))?.id ?? '';
    const learnt = new Learnt(document, [own]);
    const succeeded = new Set<string>();
    let sent = 0;

    const property = fc.asyncProperty(requests(document), async (request) => {
      const filled = learnt.fill(request);
      const answer = await send(api, request, filled);
      sent += 1;
      const found = surprises(request, filled, answer);
      if (found.length > 0) throw new Error(`${found.join('; ')}: ${answer.text.slice(0, 1_000)}`);
      if (answer.status < 300) succeeded.add(request.operation.operationId);
      learnt.take(answer);
    });
    await fc.assert(property, {
      numRuns: Number.MAX_SAFE_INTEGER,
      interruptAfterTimeLimit: SECONDS * 1_000,
      markInterruptAsFailure: false,
    });

    // Otherwise nothing was tried.
    expect(sent).toBeGreaterThan(SECONDS * 10);
    const possible = document.operations
      .filter(({ takesKey }) => takesKey)
      .map(({ operationId }) => operationId);
    expect(
      possible.filter((id) => !succeeded.has(id) && ![...needsAPerson, ...needsAProvider].includes(id)),
    ).toEqual([]);
    expect((await api.list()).status).toBe(200);
  });

  function surprises(
    { operation, credential }: GeneratedRequest,
    { fits, headers }: SentRequest,
    answer: Answer,
  ) {
    const { status } = answer;
    const code = String(answer.body['code']);
    const waited = code === 'CONSISTENCY_TIMEOUT' && 'X-Consistency-Token' in headers;
    // That others would guess it, no schema can say.
    const isWeak = JSON.stringify(answer.body['details'] ?? []).startsWith('[{"field":"password"');
    const isStranger = credential !== 'key' && !operation.isPublic;
    return [
      ...document.breaches(operation, answer),
      ...(status >= 500 && !waited ? [`${status} ${code}`] : []),
      ...(isStranger && ![400, 401, 413, 415, 429].includes(status) ? [`a stranger is told ${status}`] : []),
      ...(!isStranger && fits === true && REFUSED_AS_WRONG.includes(code) && !isWeak
        ? [`${code}, and the document allows it`]
        : []),
      ...(!isStranger && fits === false && status < 400 ? [`${status}, and the document forbids it`] : []),
    ];
  }
});

function send(api: Api, { operation, credential }: GeneratedRequest, { path, headers, body }: SentRequest) {
  const key = { key: undefined, none: null, wrong: 'hklst_wrong' }[credential];
  return api.call(operation.method, path, {
    headers,
    ...(body !== null && { body }),
    ...(key !== undefined && { key }),
  });
}
