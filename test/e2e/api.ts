import type { Server } from './server';

export interface Answer<T = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** An empty object when the answer is not JSON. */
  readonly body: T;
}

export interface Metadata {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly version: number;
  readonly tags: string[];
  readonly inserted_at: string;
  readonly updated_at: string;
  readonly expires_at: string | null;
  readonly last_read_at: string | null;
}

export interface Version {
  readonly version: number;
  readonly inserted_at: string;
  readonly actor: string;
  readonly state: string;
}

interface Call {
  /** Text and bytes are sent unchanged, other values as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Null: no credential. Default: the key of this client. */
  readonly key?: string | null;
}

/** A simple client of the REST API, with an API key. */
export class Api {
  constructor(
    private readonly server: Pick<Server, 'url'>,
    private readonly key: string,
  ) {}

  static of(server: Server): Api {
    return new Api(server, server.apiKey);
  }

  /** `path` is below /api/v1, unless it begins with a slash. */
  async call<T = Record<string, unknown>>(
    method: string,
    path: string,
    { body, headers, key = this.key }: Call = {},
  ): Promise<Answer<T>> {
    const response = await fetch(`${this.server.url}${path.startsWith('/') ? path : `/api/v1/${path}`}`, {
      method,
      headers: {
        ...(key !== null && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: isRaw(body) ? body : JSON.stringify(body) }),
    });
    return answerOf<T>(response);
  }

  create(name: string, value: string, more: object = {}, headers: Record<string, string> = {}) {
    const body = { secret: { name, value, ...more } };
    return this.call<{ data: Metadata }>('POST', 'secrets', { body, headers });
  }

  get(id: string) {
    return this.call<{ data: Metadata }>('GET', `secrets/${id}`);
  }

  update(id: string, fields: object, headers: Record<string, string> = {}) {
    return this.call<{ data: Metadata }>('PUT', `secrets/${id}`, { body: { secret: fields }, headers });
  }

  reveal(id: string, version?: number) {
    const query = version === undefined ? '' : `?version=${version}`;
    return this.call<{ id: string; name: string; value: string; version: number; decrypted_at: string }>(
      'GET',
      `secrets/${id}/value${query}`,
    );
  }

  versions(id: string) {
    return this.call<{ data: Version[] }>('GET', `secrets/${id}/versions`);
  }

  list(query = '', headers: Record<string, string> = {}) {
    return this.call<{ data: Metadata[]; page?: number; page_size?: number; total?: number }>(
      'GET',
      `secrets${query}`,
      { headers },
    );
  }

  delete(id: string, headers: Record<string, string> = {}) {
    return this.call('DELETE', `secrets/${id}`, { headers });
  }
}

function isRaw(body: unknown): body is string | Uint8Array {
  return typeof body === 'string' || body instanceof Uint8Array;
}

/** Reads a response to its end. */
export async function answerOf<T>(response: Response): Promise<Answer<T>> {
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') && text !== '';
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: (isJson ? JSON.parse(text) : {}) as T,
  };
}
