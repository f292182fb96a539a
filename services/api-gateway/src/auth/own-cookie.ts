import { Redacted } from '#libs/kernel';
import type { FastifyReply } from 'fastify';
import type { GatewayRequest } from '../http/gateway-request';

/** No value of ours is longer. */
const CHARACTERS_MAX = 128;

/**
 * A cookie that no script can read and that no other site can make a browser send. Under TLS, the prefix `__Host-` of
 * its name makes browsers refuse it from a subdomain or without `Secure`. Plain HTTP cannot have either, and is served
 * on the loopback interface only.
 */
export class OwnCookie {
  readonly #name: string;
  readonly #attributes: string;

  constructor(name: string, { secureCookies }: { readonly secureCookies: boolean }) {
    this.#name = secureCookies ? `__Host-${name}` : name;
    this.#attributes = `Path=/; HttpOnly; SameSite=Strict${secureCookies ? '; Secure' : ''}`;
  }

  /**
   * Gives the value; null without such a cookie, or with more than one, because somebody who can set a second one must
   * not choose which of them counts.
   */
  read({ headers: { cookie } }: Pick<GatewayRequest, 'headers'>): Redacted<string> | null {
    if (cookie === undefined) return null;
    const prefix = `${this.#name}=`;
    const found = cookie
      .split(';')
      .map((part) => part.trim())
      .filter((part) => part.startsWith(prefix));
    const [value, another] = found.map((part) => part.slice(prefix.length));
    if (value === undefined || another !== undefined || value === '') return null;
    return value.length > CHARACTERS_MAX ? null : new Redacted(value);
  }

  set(reply: FastifyReply, value: Redacted<string>, seconds: number): void {
    this.#send(reply, `${this.#name}=${value.expose()}; Max-Age=${seconds}`);
  }

  clear(reply: FastifyReply): void {
    this.#send(reply, `${this.#name}=; Max-Age=0`);
  }

  #send(reply: FastifyReply, cookie: string): void {
    void reply.header('set-cookie', `${cookie}; ${this.#attributes}`).header('cache-control', 'no-store');
  }
}
