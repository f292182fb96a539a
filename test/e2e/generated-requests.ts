import fc, { type Arbitrary } from 'fast-check';
import type { ApiDocument, JsonSchema, Operation, Parameter } from './api-document';
import { nearlyFitting, nearlyFittingText, strangeJson, strangeText } from './generated-values';

/** The n-th of what fits among what the server has answered so far, or else a text. */
interface Choice {
  readonly known: number | null;
  readonly text: string;
}

/** JSON, or text that is sent as it is. */
type Body = { readonly json: unknown } | { readonly raw: string };

export interface GeneratedRequest {
  readonly operation: Operation;
  /** By place and name; absent parameters are not sent. */
  readonly parameters: Readonly<Record<string, Choice>>;
  readonly credential: 'key' | 'none' | 'wrong';
  readonly body: Body | null;
  readonly contentType: string;
}

export interface SentRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** Whether the document allows all of it; null when it does not tell. */
  readonly fits: boolean | null;
}

/** How many of a parameter's values are known ones, for one that is not. A token that is not makes a list wait for 2 s. */
const shareKnown: Readonly<Record<string, number>> = {
  'If-Match': 6,
  'X-Consistency-Token': 100,
  'X-Organization-Id': 30,
};
const LEARNT_MAX = 300;

/** Requests of every operation, most of them right in most places. */
export function requests({ operations }: ApiDocument): Arbitrary<GeneratedRequest> {
  return fc.oneof(
    ...operations.map((operation) => ({ weight: choicesOf(operation), arbitrary: requestOf(operation) })),
  );
}

/** An operation that takes much is asked more often. */
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

/** What can be sent in a place and stays there. */
const sendable: Readonly<Record<Parameter['in'], (text: string) => string>> = {
  query: (text) => text,
  header: headerText,
  // Nothing and dots would make another path of it.
  path: (text) => (/^\.{0,2}$/.test(text) ? '-' : text),
};

/** What an HTTP client agrees to send: Latin-1 without control characters, no blank at an end. */
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

/** What the server has answered so far, for requests to use: ids, names, and headers. */
export class Learnt {
  readonly #texts = new Set<string>();

  /** `except` is never used: what the client cannot do without. */
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

  /** The request as it is sent now. */
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

/** What a parameter's text stands for. */
function fromText({ type }: JsonSchema, text: string): unknown {
  if (type === 'integer' && /^(0|-?[1-9]\d*)$/.test(text)) return Number(text);
  return type === 'boolean' && /^(true|false)$/.test(text) ? text === 'true' : text;
}

/** Ids and names, wherever they stand in an answer. */
function namesIn(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([key, inner]) =>
    typeof inner === 'string' ? (key === 'id' || key === 'name' ? [inner] : []) : namesIn(inner),
  );
}
