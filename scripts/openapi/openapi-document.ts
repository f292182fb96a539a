import type { Type } from '@nestjs/common';
import { actions, type Role, type Scope } from '#libs/contracts';
import { Components } from './components';
import { declaredRoutes, type DeclaredRoute } from './declared-routes';
import { parametersOf } from './parameters';
import { requestSchema } from './request-schema';
import { responsesOf } from './responses';

type Needed = 'user' | { readonly role: Role | null; readonly scope: Scope | null };

/** Gives the OpenAPI 3.1 document of these controllers. Throws for a route without a description, and names it. */
export function openApiDocument(controllers: readonly Type[]): object {
  const components = new Components();
  const routes = declaredRoutes(controllers).filter((route) => !route.servesPage);
  const sections = new Map(routes.map((route) => [sectionOf(route).name, sectionOf(route).description]));
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    (paths[path] ??= {})[route.method.toLowerCase()] = operationOf(route, components);
  }
  return {
    openapi: '3.1.0',
    info,
    servers: [{ url: '/', description: 'The server that gave this document.' }],
    tags: [...sections].map(([name, description]) => ({ name, description })),
    paths,
    components: { securitySchemes, ...components.all() },
  };
}

function operationOf(route: DeclaredRoute, components: Components): object {
  const { operation, body } = route;
  if (!operation) throw new Error(`${route.place} has no @Operation: say what the route is for`);
  const parameters = parametersOf(route);
  return {
    operationId: 'message' in operation ? camelCase(operation.message.name) : operation.id,
    tags: [sectionOf(route).name],
    summary: operation.summary,
    ...(operation.description !== undefined && { description: operation.description }),
    security: securityOf(route),
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: {
        required: true,
        content: {
          'application/json': { schema: components.refer('schemas', body.name, requestSchema(body)) },
        },
      },
    }),
    responses: responsesOf(route, components),
  };
}

function sectionOf({ section, place }: DeclaredRoute) {
  if (!section) throw new Error(`${place}: the controller has no @Section: say what its routes are about`);
  return section;
}

/** Gives the alternatives that allow a request: a key with the scope, or a person with at least the role. */
function securityOf({ requirement, place }: DeclaredRoute): object[] {
  if (requirement === undefined) throw new Error(`${place} declares neither what it requires nor @Public()`);
  if (requirement === 'public') return [];
  const needed: Needed = actions[requirement];
  if (needed === 'user') return [{ session: [] }];
  return [
    ...(needed.scope === null ? [] : [{ apiKey: [needed.scope] }]),
    ...(needed.role === null ? [] : [{ session: [needed.role] }]),
  ];
}

const camelCase = (name: string) => name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());

const securitySchemes = {
  apiKey: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'hklst_…',
    description:
      'An API key, in the `Authorization` header and nowhere else. Each operation names the scope that the key must have.',
  },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: '__Host-hklst',
    description:
      'The session of a person who has signed in. Each operation names the least role that the person must have in the organization.',
  },
};

const info = {
  title: 'hklst',
  version: 'v1',
  summary: 'A self-hosted secrets manager.',
  description: [
    'JSON in and out, UTF-8. Times are ISO 8601 in UTC. Fields may be added to replies, never removed; unknown fields of ' +
      'a body or a query are refused.',
    'Errors have one shape: `code` is for programs and stable, `error` is a sentence for people. Every answer carries ' +
      '`X-Request-Id`. A 429 or 503 carries `Retry-After`, and the request may be sent again.',
  ].join('\n\n'),
  license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
};
