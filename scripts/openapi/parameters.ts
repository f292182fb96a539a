import { actions } from '#libs/contracts';
import { POSITION } from '../../services/api-gateway/src/consistency/own-writes';
import { idParameter, type JsonSchema } from '../../services/api-gateway/src/openapi/operation';
import { IDEMPOTENCY_KEY, IF_MATCH } from '../../services/api-gateway/src/http/write-headers';
import type { DeclaredRoute } from './declared-routes';
import { requestSchema } from './request-schema';

interface RequestHeader {
  readonly name: string;
  readonly description: string;
  readonly schema: JsonSchema;
}

/** Headers, by the field of the message that they fill. */
const headerOfField: Readonly<Record<string, RequestHeader>> = {
  idempotencyKey: {
    name: 'Idempotency-Key',
    description:
      'Makes a repetition safe: the same key and request within 24 h give the first answer again and change nothing.',
    schema: { type: 'string', pattern: IDEMPOTENCY_KEY.source },
  },
  ifRevision: {
    name: 'If-Match',
    description: 'An `ETag` that was answered before: 412 when it has changed since. `*` matches anything.',
    schema: { type: 'string', pattern: `${IF_MATCH.source}|^\\*$` },
  },
  atLeast: {
    name: 'X-Consistency-Token',
    description:
      'What a write answered in the same header: wait, at most 2 s, until the list shows that write.',
    schema: { type: 'string', pattern: POSITION.source },
  },
};

const organizationHeader: RequestHeader = {
  name: 'X-Organization-Id',
  description: 'The organization that a person means; the personal one if absent. A key has one of its own.',
  schema: idParameter('org', '').schema,
};

/**
 * Gives the headers that a route takes: one for each field of its message that a header fills, and the organization if
 * the path does not name it.
 */
export function requestHeadersOf({ message, requirement, path }: DeclaredRoute): RequestHeader[] {
  const fields = Object.keys(message?.request.entries ?? {});
  const inOrganization =
    requirement !== 'public' && requirement !== undefined && actions[requirement] !== 'user';
  return [
    ...fields.flatMap((field) => headerOfField[field] ?? []),
    ...(inOrganization && !path.includes(':organizationId') ? [organizationHeader] : []),
  ];
}

export function parametersOf(route: DeclaredRoute): object[] {
  const headers = requestHeadersOf(route).map(({ name, ...header }) => ({ name, in: 'header', ...header }));
  return [...pathParameters(route), ...queryParameters(route), ...headers];
}

function pathParameters({ path, place, section }: DeclaredRoute): object[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => {
    const parameter = section?.parameters?.[name];
    if (!parameter) throw new Error(`${place}: @Section of its controller does not describe :${name}`);
    return { name, in: 'path', required: true, ...parameter };
  });
}

function queryParameters({ query }: DeclaredRoute): object[] {
  if (!query) return [];
  const { properties, required = [] } = requestSchema(query);
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    ...(required.includes(name) && { required: true }),
    ...(description !== undefined && { description }),
    schema,
  }));
}
