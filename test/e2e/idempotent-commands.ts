import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Answer } from './api';
import { ApiDocument, type JsonSchema, type Operation } from './api-document';
import type { World } from './organization-world';

/** The values of a request by field name, whatever place each field has in the request. */
export type Content = Readonly<Record<string, unknown>>;

/** A command that takes an Idempotency-Key, and the place of each field of its content in a request. */
interface DocumentedCommand extends Pick<Operation, 'operationId' | 'method' | 'path'> {
  readonly places: Readonly<Record<string, 'path' | 'query' | 'header' | 'body'>>;
  /** True if the fields of the body are members of an object `secret`. */
  readonly isOfSecret: boolean;
}

/** Not part of the content, because answers are recorded per organization and per key. */
const NO_CONTENT = ['Idempotency-Key', 'X-Organization-Id', 'organizationId'];

/** Reads the commands from docs/openapi.json. A house test compares that file with the code. */
export function commandsWithKey(): DocumentedCommand[] {
  const text = readFileSync(path.join(__dirname, '../../docs/openapi.json'), 'utf8');
  const document = new ApiDocument(JSON.parse(text) as object);
  const withKey = document.operations.filter(({ parameters }) =>
    parameters.some(({ name }) => name === 'Idempotency-Key'),
  );
  return withKey.map((operation) => {
    const whole = propertiesOf(operation.body);
    const isOfSecret = 'secret' in whole;
    const inBody = isOfSecret ? propertiesOf(document.follow(whole['secret'])) : whole;
    const parameters = operation.parameters.filter(({ name }) => !NO_CONTENT.includes(name));
    const { operationId, method, path: route } = operation;
    const places = {
      ...Object.fromEntries(parameters.map((parameter) => [parameter.name, parameter.in])),
      ...Object.fromEntries(Object.keys(inBody).map((name) => [name, 'body' as const])),
    };
    return { operationId, method, path: route, isOfSecret, places };
  });
}

/** Sends a command to the world's organization, as its owner. */
export function sendCommand(
  { owner, orgId }: World,
  { method, path: route, places, isOfSecret }: DocumentedCommand,
  { key, content }: { key: string; content: Content },
): Promise<Answer> {
  const at = (place: string) =>
    Object.entries(content).filter(([field]) => places[field] === place) as [string, string][];
  const inPath = Object.fromEntries([['organizationId', orgId], ...at('path')]);
  const url = route.replaceAll(/\{(\w+)\}/g, (_, name: string) => inPath[name] ?? '');
  const query = new URLSearchParams(at('query')).toString();
  const fields = Object.fromEntries(at('body'));
  const hasBody = Object.values(places).includes('body');
  return owner.call(method, query === '' ? url : `${url}?${query}`, {
    ...(hasBody && { body: isOfSecret ? { secret: fields } : fields }),
    headers: {
      ...Object.fromEntries(at('header')),
      ...(!route.includes('{organizationId}') && { 'x-organization-id': orgId }),
      'idempotency-key': key,
    },
  });
}

function propertiesOf(schema: unknown): Readonly<Record<string, unknown>> {
  return ((schema as JsonSchema | undefined)?.['properties'] ?? {}) as Readonly<Record<string, unknown>>;
}
