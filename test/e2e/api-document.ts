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
  /** With its parameters in braces. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly isPublic: boolean;
  /** Whether a key alone can be allowed it. */
  readonly takesKey: boolean;
  /** Of a JSON body; undefined when the operation takes none. */
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

/** The document that a server gives, as something to hold its answers against. */
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
      // A failed case is printed with this alone.
      [fc.toStringMethod]: () => operationId,
    };
  }

  /** What is wrong with an answer; empty when the document has it. */
  breaches(operation: Operation, answer: { status: number; headers: Headers; text: string }): string[] {
    const { method, path } = operation;
    const declared = this.#document.paths[path]?.[method.toLowerCase()]?.responses[answer.status];
    if (declared === undefined) return [`status ${answer.status} is not declared`];
    const response = this.follow(declared) as Response;
    return [...this.#headerBreaches(response, answer.headers), ...this.#bodyBreaches(response, answer)];
  }

  /** Whether a value fits a schema of the document. */
  fits(schema: JsonSchema, value: unknown): boolean {
    return this.#check(schema)(value);
  }

  /** `node`, or what it refers to. */
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
 * Objects hold what is declared and nothing else. The document leaves them open, because a client must let fields be
 * added; a server that answers with more than its own document says is a leak or a lie.
 */
function closed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed);
  if (typeof node !== 'object' || node === null) return node;
  const parts = Object.fromEntries(Object.entries(node).map(([key, part]) => [key, closed(part)]));
  const isShape = parts['type'] === 'object' && 'properties' in parts;
  return isShape && !('additionalProperties' in parts) ? { ...parts, additionalProperties: false } : parts;
}

/** References that work outside the document as well. */
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
