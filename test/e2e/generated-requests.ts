import fc, { type Arbitrary } from 'fast-check';
import type { ApiDocument, JsonSchema, Operation, Parameter } from './api-document';
import { nearlyFitting, nearlyFittingText, strangeJson, strangeText } from './generated-values';

/** The value of a parameter: the n-th fitting text among the earlier answers, or `text` if `known` is null. */
interface Choice {
  readonly known: number | null;
  readonly text: string;
}

/** JSON, or text that is sent unchanged. */
type Body = { readonly json: unknown } | { readonly raw: string };

export interface GeneratedRequest {
  readonly operation: Operation;
  /** By place and name. Absent parameters are not sent. */
  readonly parameters: Readonly<Record<string, Choice>>;
  readonly credential: 'key' | 'none' | 'wrong';
  readonly body: Body | null;
  readonly contentType: string;
}

export interface SentRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** True if the document allows the whole request; null if the document leaves it open. */
  readonly fits: boolean | null;
}

/** How many known values a parameter gets for each invented one. With an invented token, a list waits for 2 s. */
const shareKnown: Readonly<Record<string, number>> = {
  'If-Match': 6,
  'X-Consistency-Token': 100,
  'X-Organization-Id': 30,
};
const LEARNT_MAX = 300;

/** Generates requests of every operation. Most parts of most requests are valid. */
export function requests({ operations }: ApiDocument): Arbitrary<GeneratedRequest> {
  return fc.oneof(
    ...operations.map((operation) => ({ weight: choicesOf(operation), arbitrary: requestOf(operation) })),
  );
}

/** Gives the weight of an operation: the more it takes, the more requests of it are generated. */
function choicesOf({ parameters, body }: Operation): number {
  return 1 + 2 * parameters.length + (body ? 6 : 0);
}

function requestOf(operation: Operation): Arbitrary<GeneratedRequest> {
  const { parameters, body, method } = operation;
  const required = parameters.filter((parameter) => parameter.required);
  return fc.record({
    operation: fc.constant(operation),
    parameters: fc.record(
      Object.fromEntries(parameters.map((parameter) => [keyOf(parameter), choiceOf(parameter)])),
      { requiredKeys: required.map(keyOf), noNullPrototype: true },
    ),
    credential: often<GeneratedRequest['credential']>('key', fc.constantFrom('none', 'wrong')),
    body: bodyOf(method, body),
    contentType: often(
      'application/json',
      fc.constantFrom('text/plain', 'application/jsonx', 'application/json; charset=utf-8'),
    ),
  });
}

const keyOf = ({ in: place, name }: Parameter) => `${place} ${name}`;

const often = <T>(usual: T, other: Arbitrary<T>): Arbitrary<T> =>
  fc.oneof({ weight: 30, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });

function choiceOf({ in: place, name, schema }: Parameter): Arbitrary<Choice> {
  const text = nearlyFittingText(schema).map(sendable[place]);
  const weight = shareKnown[name] ?? (place === 'path' ? 6 : 0);
  const known = fc.oneof({ weight, arbitrary: fc.nat() }, { weight: 1, arbitrary: fc.constant(null) });
  return fc.record({ text, known });
}

/** Changes a text so that it can be sent in this place, and arrives there. */
const sendable: Readonly<Record<Parameter['in'], (text: string) => string>> = {
  query: (text) => text,
  header: headerText,
  // An empty segment, `.` or `..` would make another path.
  path: (text) => (/^\.{0,2}$/.test(text) ? '-' : text),
};

/** Gives a text that an HTTP client sends in a header: Latin-1 without control characters or spaces at the ends. */
function headerText(value: string): string {
  return value
    .replaceAll(/[^\x20-\x7e\xa0-\xff]/g, '?')
    .trim()
    .slice(0, 2_000);
}

function bodyOf(method: string, schema: JsonSchema | undefined): Arbitrary<Body | null> {
  if (method === 'GET') return fc.constant(null);
  const strange = fc.oneof(
    strangeJson.map((json) => ({ json })),
    strangeText.map((raw) => ({ raw })),
    fc.constant({ raw: `"${'x'.repeat(300_000)}"` }),
  );
  if (!schema) return often<Body | null>(null, strange);
  const good = nearlyFitting(schema).map((json) => ({ json }));
  return fc.oneof({ weight: 40, arbitrary: good }, { weight: 2, arbitrary: strange }, fc.constant(null));
}

/** Ids, names and header values from the server's answers, for use in later requests. */
export class Learnt {
  readonly #texts = new Set<string>();

  /** `except` are texts that requests must not use, such as the id of the client's own key, which they could revoke. */
  constructor(
    private readonly document: ApiDocument,
    private readonly except: readonly string[],
  ) {}

  take({ headers, body }: { headers: Headers; body: unknown }): void {
    for (const text of [...namesIn(body), headers.get('etag'), headers.get('x-consistency-token')]) {
      if (text === null || this.except.includes(text)) continue;
      this.#texts.delete(text);
      this.#texts.add(text);
    }
    for (const oldest of this.#texts) {
      if (this.#texts.size <= LEARNT_MAX) break;
      this.#texts.delete(oldest);
    }
  }

  /** Gives the request with its parameters filled in. */
  fill({ operation, parameters, body, contentType }: GeneratedRequest): SentRequest {
    const given = operation.parameters.flatMap((parameter) => {
      const choice = parameters[keyOf(parameter)];
      return choice ? [{ ...parameter, text: this.#textOf(choice, parameter.schema) }] : [];
    });
    const inside = (place: Parameter['in']) => given.filter((parameter) => parameter.in === place);
    const query = new URLSearchParams(
      inside('query').map(({ name, text }): [string, string] => [name, text]),
    ).toString();
    const path = inside('path').reduce(
      (filled, { name, text }) => filled.replace(`{${name}}`, () => encodeURIComponent(text)),
      operation.path,
    );
    return {
      path: query === '' ? path : `${path}?${query}`,
      headers: {
        ...Object.fromEntries(inside('header').map(({ name, text }) => [name, text])),
        ...(body && { 'content-type': contentType }),
      },
      body: body && ('raw' in body ? body.raw : JSON.stringify(body.json)),
      fits:
        given.every(({ schema, text }) => this.document.fits(schema, fromText(schema, text))) &&
        this.#bodyFits({ operation, body, contentType }),
    };
  }

  #bodyFits({
    operation,
    body,
    contentType,
  }: Pick<GeneratedRequest, 'operation' | 'body' | 'contentType'>): boolean | null {
    if (!operation.body) return body === null ? true : null;
    const isJson = /^application\/json($|;)/.test(contentType);
    return body !== null && 'json' in body && isJson && this.document.fits(operation.body, body.json);
  }

  #textOf({ known, text }: Choice, schema: JsonSchema): string {
    if (known === null) return text;
    const fitting = [...this.#texts].filter((learnt) => this.document.fits(schema, fromText(schema, learnt)));
    return fitting[known % fitting.length] ?? text;
  }
}

/** Gives the value that a parameter's text stands for. */
function fromText({ type }: JsonSchema, text: string): unknown {
  if (type === 'integer' && /^(0|-?[1-9]\d*)$/.test(text)) return Number(text);
  return type === 'boolean' && /^(true|false)$/.test(text) ? text === 'true' : text;
}

/** Gives the ids and names in an answer, at any depth. */
function namesIn(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, inner]) =>
    typeof inner === 'string' ? (key === 'id' || key === 'name' ? [inner] : []) : namesIn(inner),
  );
}
