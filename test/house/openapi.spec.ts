import { IpRange } from '#libs/contracts';
import { errorRegistry } from '#libs/kernel';
import Ajv from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { execFileSync } from 'node:child_process';
import { declaredRoutes } from '../../scripts/openapi/declared-routes';
import { GatewayModule } from '../../services/api-gateway/src/app.module';
import { read, root } from './tracked-files';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security: readonly Record<string, string[]>[];
  readonly parameters?: readonly { name: string; in: string }[];
  readonly responses: Readonly<Record<string, unknown>>;
}
interface Document {
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
  readonly tags: readonly { name: string; description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const text = read('docs/openapi.json');
const document = JSON.parse(text) as Document;
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    ...operation,
    route: `${method.toUpperCase()} ${path}`,
  })),
);

describe('docs/openapi.json', () => {
  it('is a valid OpenAPI 3.1 document whose references lead somewhere', () => {
    // In a process of its own: the validator loads ES modules, which jest on Node 20 cannot.
    const validate =
      "require('@apidevtools/swagger-parser').validate('docs/openapi.json').then((d) => console.log(d.openapi))";
    expect(execFileSync(process.execPath, ['-e', validate], { cwd: root }).toString()).toBe('3.1.0\n');
  });

  it('has an operation for each route that is no page, and back', () => {
    const declared = declaredRoutes(GatewayModule.controllers);
    const pages = declared.filter(({ servesPage }) => servesPage);
    expect(pages.filter(({ method, requirement }) => method !== 'GET' || requirement !== 'public')).toEqual(
      [],
    );
    const routes = declared
      .filter(({ servesPage }) => !servesPage)
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    expect(operations.map(({ route }) => route).sort()).toEqual(routes.sort());
  });

  it.each(operations)('describes $route', ({ summary, tags, security, responses, operationId }) => {
    expect(summary).toMatch(/^[A-Z].{3,60}[^.]$/);
    expect(document.tags.map(({ name }) => name)).toEqual(expect.arrayContaining([...tags]));
    expect(operationId).toMatch(/^[a-z][a-zA-Z]+$/);
    // A public route may refuse as well: signing in is one.
    if (security.length > 0) expect(Object.keys(responses)).toContain('401');
  });

  it.each([
    ['POST /api/v1/auth/sign-up', '401'],
    ['DELETE /api/v1/auth/sessions', '404'],
  ])('knows what %s answers to who is erased meanwhile: %s', (route, status) => {
    const [operation] = operations.filter((one) => one.route === route);
    expect(Object.keys(operation?.responses ?? {})).toContain(status);
  });

  it('gives no two operations one name', () => {
    const names = operations.map(({ operationId }) => operationId);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it('answers with codes of the registry only, and each of them stands in docs/errors.md', () => {
    const codes = new Set(
      found(document, 'code').flatMap((schema) => (schema as { enum?: string[] }).enum ?? []),
    );
    expect(codes.size).toBeGreaterThan(10);
    expect([...codes].filter((code) => !(code in errorRegistry))).toEqual([]);
    const page = read('docs/errors.md');
    expect([...codes].filter((code) => !page.includes(`| \`${code}\` `))).toEqual([]);
  });

  it('holds schemas of draft 2020-12 only, which the validator does not look into', () => {
    const ajv = new Ajv({ strict: false, validateFormats: false });
    const schemas = found(document, 'schema').concat(Object.values(document.components.schemas));
    expect(schemas.filter((schema) => !ajv.validateSchema(schema as object))).toEqual([]);
  });

  it.each(operations)('describes each parameter in the path of $route', ({ route, parameters = [] }) => {
    const inPath = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
    expect(inPath).toEqual([...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => name));
  });

  it('gives examples that fit', () => {
    const ajv = addFormats(new Ajv({ strict: false }));
    ajv.addFormat('cidr', (text: string) => IpRange.parse(text) !== null);
    const withExamples = schemasWithExamples(document);
    expect(withExamples.length).toBeGreaterThan(5);
    for (const schema of withExamples)
      for (const example of schema.examples)
        expect([schema, ajv.validate(schema, example)]).toEqual([schema, true]);
  });

  it('names no two schemas that differ in case only, which generated clients would confuse', () => {
    const names = Object.keys(document.components.schemas);
    expect(new Set(names.map((name) => name.toLowerCase())).size).toBe(names.length);
  });
});

/** Everything that stands under this key, at whatever depth. */
function found(node: unknown, key: string): unknown[] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([name, inner]) => [
    ...(name === key ? [inner as unknown] : []),
    ...found(inner, key),
  ]);
}

function schemasWithExamples(node: unknown): { examples: unknown[] }[] {
  if (typeof node !== 'object' || node === null) return [];
  const own = 'examples' in node && Array.isArray(node.examples) ? [node as { examples: unknown[] }] : [];
  return [...own, ...Object.values(node).flatMap(schemasWithExamples)];
}
