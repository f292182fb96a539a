import { answerOf, type Answer } from './api';
import type { Company } from './oidc-company';
import type { Server } from './server';

const HOPS_MAX = 10;

/** The parameters with which the provider sends the browser back to our site. */
export interface Returned {
  readonly code: string;
  readonly state: string;
  readonly iss?: string;
}

/** A browser with cookies per host. It sends the requests of our page and, at the provider, of its user. */
export class Browser {
  #jars = new Map<string, Map<string, string>>();

  constructor(
    readonly server: Pick<Server, 'url'>,
    private readonly company: Company,
  ) {}

  /** The cookies of our own site, by name. */
  get cookies(): Map<string, string> {
    return this.#jar(this.server.url);
  }

  /** Sends a request of our own page. `path` is below /api/v1, unless it begins with a slash. */
  async call<T = Record<string, unknown>>(
    method: string,
    path: string,
    { body }: { body?: unknown } = {},
  ): Promise<Answer<T>> {
    const response = await this.#ask(`${this.server.url}${path.startsWith('/') ? path : `/api/v1/${path}`}`, {
      method,
      headers: {
        'sec-fetch-site': 'same-origin',
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return answerOf<T>(response);
  }

  /** Begins a sign-in, and gives the URL of the provider to which our page sends the browser. */
  async begin(route = 'auth/oidc/begin'): Promise<URL> {
    const { status, text, body } = await this.call<{ data: { url: string } }>('POST', route);
    if (status !== 200) throw new Error(`Not begun: ${text}`);
    return new URL(body.data.url);
  }

  /** Deletes the provider's cookies, so that the provider asks for the login again. */
  forgetProvider(): void {
    this.#jar(this.company.issuer).clear();
  }

  /** Goes to the provider, signs in there if asked, and stops where the provider sends the browser back. */
  async visit(url: URL, login: string): Promise<Returned & { readonly wasAsked: boolean }> {
    let [next, wasAsked] = [url.href, false];
    for (let hop = 0; hop < HOPS_MAX; hop += 1) {
      const page = await this.#ask(next);
      const isForm = page.status === 200 && next.includes('/interaction/');
      wasAsked ||= isForm;
      const form = new URLSearchParams({ prompt: 'login', login, password: 'any' });
      const moved = isForm ? await this.#ask(next, { method: 'POST', body: form }) : page;
      const location = moved.headers.get('location');
      if (location === null) throw new Error(`The provider answers ${moved.status} at ${next}`);
      next = new URL(location, this.company.issuer).href;
      if (next.startsWith(`${this.company.env['PUBLIC_URL']}/oidc-callback?`)) {
        const sent = Object.fromEntries(new URL(next).searchParams);
        return { ...(sent as unknown as Returned), wasAsked };
      }
    }
    throw new Error('The provider goes round in circles');
  }

  finish({ code, state, iss }: Returned, more: object = {}) {
    const body = { code, state, ...(iss !== undefined && { iss }), ...more };
    return this.call('POST', 'auth/oidc/finish', { body });
  }

  /** Goes through a whole sign-in. */
  async signIn(login: string, more: object = {}): Promise<Answer> {
    return this.finish(await this.visit(await this.begin(), login), more);
  }

  me() {
    return this.call<{
      data: { id: string; email: string; name: string; has_password: boolean; has_oidc: boolean };
    }>('GET', 'auth/me');
  }

  async #ask(url: string, options: RequestInit = {}): Promise<Response> {
    const jar = this.#jar(url);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...(options.headers as Record<string, string>), ...(cookie !== '' && { cookie }) };
    const response = await fetch(url, { ...options, headers, redirect: 'manual' });
    for (const set of response.headers.getSetCookie()) keep(jar, set);
    return response;
  }

  #jar(url: string): Map<string, string> {
    const { host } = new URL(url);
    const jar = this.#jars.get(host) ?? new Map<string, string>();
    this.#jars.set(host, jar);
    return jar;
  }
}

function keep(jar: Map<string, string>, set: string): void {
  const [pair = ''] = set.split(';');
  const [name = ''] = pair.split('=');
  const isGone = /;\s*(max-age=0|expires=thu, 01 jan 1970)/i.test(set);
  if (isGone) jar.delete(name);
  else jar.set(name, pair.slice(name.length + 1));
}
