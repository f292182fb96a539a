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
  readonly responses: Readonly<Record<string, unknown>>;
}
interface Document {
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

  it('has an operation for each route, and back', () => {
    const routes = declaredRoutes(GatewayModule.controllers).map(
      ({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`,
    );
    expect(operations.map(({ route }) => route).sort()).toEqual(routes.sort());
  });

  it.each(operations)('describes $route', ({ summary, tags, security, responses, operationId }) => {
    expect(summary).toMatch(/^[A-Z].{3,60}[^.]$/);
    expect(document.tags.map(({ name }) => name)).toEqual(expect.arrayContaining([...tags]));
    expect(operationId).toMatch(/^[a-z][a-zA-Z]+$/);
    const isPublic = security.length === 0;
    expect(Object.keys(responses).includes('401')).toBe(!isPublic);
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
    const names = Object.keys(
      (document as unknown as { components: { schemas: object } }).components.schemas,
    );
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
