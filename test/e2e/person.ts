import { createHmac } from 'node:crypto';
import { answerOf, type Answer } from './api';
import type { Server } from './server';

interface Me {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly personal_organization_id: string;
  readonly totp_enabled: boolean;
  readonly recovery_codes_left: number;
}

interface Call {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export const PASSWORD = 'correct horse battery staple';

/** A person with a browser, which keeps the session cookie and sends the header of a same-origin request. */
export class Person {
  /** The cookie that the next request sends; empty without a session. */
  cookie = '';

  constructor(
    readonly server: Pick<Server, 'url'>,
    readonly email = 'ada@example.com',
  ) {}

  /** `path` is below /api/v1, unless it begins with a slash. */
  async call<T = Record<string, unknown>>(
    method: string,
    path: string,
    { body, headers = {} }: Call = {},
  ): Promise<Answer<T>> {
    const response = await fetch(`${this.server.url}${path.startsWith('/') ? path : `/api/v1/${path}`}`, {
      method,
      redirect: 'manual',
      headers: {
        'sec-fetch-site': 'same-origin',
        ...(this.cookie !== '' && { cookie: this.cookie }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const [set] = response.headers.getSetCookie();
    if (set !== undefined) this.cookie = set.includes('Max-Age=0') ? '' : (set.split(';')[0] ?? '');
    return answerOf<T>(response);
  }

  signUp(more: object = {}) {
    return this.call('POST', 'auth/sign-up', {
      body: { email: this.email, name: 'Ada', password: PASSWORD, ...more },
    });
  }

  signIn(more: object = {}) {
    return this.call('POST', 'auth/sign-in', { body: { email: this.email, password: PASSWORD, ...more } });
  }

  reauthenticate(more: object = {}) {
    return this.call('POST', 'auth/reauthenticate', { body: { password: PASSWORD, ...more } });
  }

  me() {
    return this.call<{ data: Me }>('GET', 'auth/me');
  }

  /** Gives the same person in another browser, without a session. */
  elsewhere(): Person {
    return new Person(this.server, this.email);
  }
}

/** Signs up the first owner of a new server. */
export async function firstOwner(server: Server, email?: string): Promise<Person> {
  const owner = new Person(server, email);
  const answer = await owner.signUp({ sign_up_token: signUpToken(server) });
  if (answer.status !== 201) throw new Error(`Not signed up: ${answer.text}`);
  return owner;
}

/** Gives the token in the sign-up link that the first start has printed. */
export function signUpToken(server: Server): string {
  const [, token] = /\/sign-up#token=([A-Za-z0-9_-]{43})\s/.exec(server.screen) ?? [];
  if (token === undefined) throw new Error('No link was printed');
  return token;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 6238 without a library, which a test could not check with itself. `steps` counts half minutes from now. */
export function totpCode(secret: string, steps = 0): string {
  const bits = Array.from(secret, (character) =>
    ALPHABET.indexOf(character).toString(2).padStart(5, '0'),
  ).join('');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const mac = createHmac('sha1', key).update(counter).digest();
  const at = (mac.at(-1) ?? 0) & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}
