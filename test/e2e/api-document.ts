import { IpRange } from '#libs/contracts';
import fc from 'fast-check';
import Ajv, { type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';

export type JsonSchema = Readonly<Record<string, unknown>>;

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: JsonSchema;
}

interface Response {
  readonly headers?: Readonly<Record<string, { $ref: string }>>;
  readonly content?: Readonly<Record<string, unknown>>;
}

export interface Operation {
  readonly operationId: string;
  readonly method: string;
  /** Contains parameters in braces. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly isPublic: boolean;
  /** True if an API key can authorize the operation, without a session. */
  readonly takesKey: boolean;
  /** The schema of the JSON body; undefined if the operation takes no body. */
  readonly body: JsonSchema | undefined;
  readonly [fc.toStringMethod]: () => string;
}

interface Described {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly security: readonly Readonly<Record<string, unknown>>[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: JsonSchema }>> };
  readonly responses: Readonly<Record<string, unknown>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
}

const ID = 'openapi.json';

/** The OpenAPI document of a server, with which a test compares the server's answers. */
export class ApiDocument {
  readonly operations: readonly Operation[];
  readonly #document: Document;
  readonly #ajv: Ajv;
  readonly #checks = new Map<string, ValidateFunction>();

  constructor(document: object) {
    this.#document = document as Document;
    this.#ajv = addFormats(new Ajv({ strict: false, allErrors: false }));
    this.#ajv.addFormat('cidr', (text: string) => IpRange.parse(text) !== null);
    this.#ajv.addSchema(closed(document) as object, ID);
    this.operations = Object.entries(this.#document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, described]) => this.#operation({ method, path, described })),
    );
  }

  #operation({ method, path, described }: { method: string; path: string; described: Described }): Operation {
    const { operationId, parameters = [], security, requestBody } = described;
    return {
      operationId,
      method: method.toUpperCase(),
      path,
      parameters,
      isPublic: security.length === 0,
      takesKey: security.length === 0 || security.some((way) => 'apiKey' in way),
      body: this.follow(requestBody?.content['application/json']?.schema) as JsonSchema | undefined,
      // fast-check prints a failed case with this text, not with the whole operation.
      [fc.toStringMethod]: () => operationId,
    };
  }

  /** Tells in what an answer differs from the document. Empty: in nothing. */
  breaches(operation: Operation, answer: { status: number; headers: Headers; text: string }): string[] {
    const { method, path } = operation;
    const declared = this.#document.paths[path]?.[method.toLowerCase()]?.responses[answer.status];
    if (declared === undefined) return [`status ${answer.status} is not declared`];
    const response = this.follow(declared) as Response;
    return [...this.#headerBreaches(response, answer.headers), ...this.#bodyBreaches(response, answer)];
  }

  /** True if a value fits a schema of the document. */
  fits(schema: JsonSchema, value: unknown): boolean {
    return this.#check(schema)(value);
  }

  /** Gives the node, or the target of its `$ref`. */
  follow(node: unknown): unknown {
    const ref = (node as { $ref?: string } | undefined)?.$ref;
    if (ref === undefined) return node;
    const steps = ref.slice(2).split('/');
    return steps.reduce<unknown>((found, step) => (found as Record<string, unknown>)[step], this.#document);
  }

  #headerBreaches(response: Response, headers: Headers): string[] {
    return Object.entries(response.headers ?? {}).flatMap(([name, reference]) => {
      const { schema } = this.follow(reference) as { schema: JsonSchema };
      const value = headers.get(name);
      return value !== null && this.fits(schema, value) ? [] : [`header ${name} is ${String(value)}`];
    });
  }

  #bodyBreaches(response: Response, { headers, text }: { headers: Headers; text: string }): string[] {
    const types = Object.keys(response.content ?? {});
    const type = headers.get('content-type')?.replace(/;.*/, '') ?? '';
    if (types.length === 0) return text === '' ? [] : ['has a body where none is declared'];
    if (!types.includes(type)) return [`content type ${type} is not declared`];
    const { schema } = (response.content as Record<string, { schema: JsonSchema }>)[type]!;
    const check = this.#check(schema);
    const fits = check(type === 'application/json' ? (JSON.parse(text) as unknown) : text);
    return fits ? [] : [`body: ${this.#ajv.errorsText(check.errors)}`];
  }

  #check(schema: JsonSchema): ValidateFunction {
    const key = JSON.stringify(schema);
    let check = this.#checks.get(key);
    if (!check) {
      check = this.#ajv.compile(absolute(closed(schema)) as JsonSchema);
      this.#checks.set(key, check);
    }
    return check;
  }
}

/**
 * Forbids undeclared fields in all objects. The document allows them, because clients must accept later versions. But a
 * server whose answer has a field that its own document does not declare may leak something.
 */
function closed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed);
  if (typeof node !== 'object' || node === null) return node;
  const parts = Object.fromEntries(Object.entries(node).map(([key, part]) => [key, closed(part)]));
  const isShape = parts['type'] === 'object' && 'properties' in parts;
  return isShape && !('additionalProperties' in parts) ? { ...parts, additionalProperties: false } : parts;
}

/** Makes references absolute, so that they also work in a schema outside the document. */
function absolute(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(absolute);
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, part]) => [
      key,
      key === '$ref' ? `${ID}${String(part)}` : absolute(part),
    ]),
  );
}
