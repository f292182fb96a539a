import { STATUS_CODES } from 'node:http';
import { errorRegistry, type AppError, type ErrorCode } from '#libs/kernel';
import { httpStatusOf } from '../../services/api-gateway/src/http/http-status';
import type { JsonSchema } from '../../services/api-gateway/src/openapi/operation';
import type { Components } from './components';
import type { DeclaredRoute } from './declared-routes';
import { errorsOf, usualErrors } from './errors';
import { replySchema } from './reply-schema';

interface Response {
  readonly description: string;
  readonly headers: Readonly<Record<string, object>>;
  readonly content?: object;
}

const headers: Readonly<Record<string, { description: string; schema: JsonSchema }>> = {
  'X-Request-Id': {
    description: 'Names this request in the logs; the one that the client sent, if it was sane.',
    schema: { type: 'string' },
  },
  'X-Consistency-Token': {
    description: 'Where this write stands; a list that sends it back shows the write.',
    schema: { type: 'string' },
  },
  ETag: { description: 'For `If-Match`.', schema: { type: 'string' } },
  Location: { description: 'The path of what was created.', schema: { type: 'string' } },
  'Cache-Control': { description: 'Nobody may keep a value.', schema: { type: 'string', const: 'no-store' } },
  'Retry-After': { description: 'Seconds to wait.', schema: { type: 'string', pattern: '^\\d+$' } },
  'WWW-Authenticate': { description: 'The scheme.', schema: { type: 'string', const: 'Bearer' } },
};

/** Gives every response of a route, by status. */
export function responsesOf(route: DeclaredRoute, components: Components): Record<string, object> {
  const { operation, status } = route;
  const responses: Record<string, object> = {};
  for (const [kind, codes] of errorsOf(route))
    responses[httpStatusOf[kind]] = errorResponse(kind, codes, components);
  responses[status] = replyOf(route, status, components);
  const also = operation?.replyAlsoAs;
  if (also !== undefined) responses[also] = replyOf(route, also, components);
  return responses;
}

function replyOf(route: DeclaredRoute, status: number, components: Components): Response {
  const { operation, contentType } = route;
  const schema = operation?.reply && replySchema(operation.reply, components);
  return {
    description: STATUS_CODES[status] ?? '',
    headers: headersFor(replyHeadersOf(route), status, components),
    ...(schema && { content: { [contentType]: { schema } } }),
  };
}

function replyHeadersOf({ operation, message }: DeclaredRoute): string[] {
  const told = Object.keys(message?.reply.entries ?? {});
  const named: readonly string[] = operation?.headers ?? [];
  return [
    ...(told.includes('position') ? ['X-Consistency-Token'] : []),
    ...(told.includes('revision') ? ['ETag'] : []),
    ...Object.keys(headers).filter((name) => named.includes(name.toLowerCase())),
  ];
}

/**
 * Gives a component for errors with usual codes only. If a route adds a code, the response is written out at the route.
 */
function errorResponse(kind: AppError['kind'], codes: readonly ErrorCode[], components: Components): object {
  const usual = usualErrors.filter((code) => errorRegistry[code].kind === kind);
  const isUsual = codes.every((code) => usual.includes(code));
  const shown = isUsual ? usual : codes;
  const status = httpStatusOf[kind];
  const response: Response = {
    description: shown.map((code) => `\`${code}\`: ${errorRegistry[code].message}.`).join(' '),
    headers: headersFor([], status, components),
    content: { 'application/json': { schema: errorSchema(shown, components) } },
  };
  return isUsual ? components.refer('responses', pascalCase(kind), response) : response;
}

function headersFor(names: readonly string[], status: number, components: Components) {
  const all = [
    'X-Request-Id',
    ...names,
    ...(status === 401 ? ['WWW-Authenticate'] : []),
    ...(status === 429 || status === 503 ? ['Retry-After'] : []),
  ];
  return Object.fromEntries(
    all.map((name) => [name, components.refer('headers', name, { required: true, ...headers[name] })]),
  );
}

function errorSchema(codes: readonly ErrorCode[], components: Components): JsonSchema {
  const shape = {
    type: 'object',
    properties: {
      error: { type: 'string', description: 'A sentence for people; it may change.' },
      code: { type: 'string', description: 'For programs; docs/errors.md lists them all.' },
      details: {
        type: 'array',
        description: 'Which fields are wrong, with 422 only.',
        items: {
          type: 'object',
          properties: { field: { type: 'string' }, message: { type: 'string' } },
          required: ['field', 'message'],
        },
      },
      request_id: { type: 'string', description: 'What `X-Request-Id` says.' },
    },
    required: ['error', 'code', 'request_id'],
  };
  return {
    allOf: [
      components.refer('schemas', 'Error', shape),
      { properties: { code: { type: 'string', enum: codes } }, required: ['code'] },
    ],
  };
}

const pascalCase = (kind: string) =>
  kind.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
