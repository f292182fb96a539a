import { Inject, Injectable } from '@nestjs/common';
import { Redacted } from '#libs/kernel';
import type { FastifyReply } from 'fastify';
import type { GatewayConfig } from '../config';
import type { GatewayRequest } from '../http/gateway-request';
import { CONFIG } from '../tokens';

/** A token longer than any of ours is none. */
const TOKEN_CHARACTERS_MAX = 128;

/**
 * The cookie that carries a session's token. No script reads it, no other site makes a browser send it, and under TLS its
 * name alone (`__Host-`) makes browsers refuse it from a subdomain or without `Secure`. Plain HTTP is served on the
 * loopback interface only; there neither is to be had.
 */
@Injectable()
export class SessionCookie {
  readonly #name: string;
  readonly #attributes: string;

  constructor(@Inject(CONFIG) { secureCookies }: Pick<GatewayConfig, 'secureCookies'>) {
    this.#name = secureCookies ? '__Host-hklst' : 'hklst';
    this.#attributes = `Path=/; HttpOnly; SameSite=Strict${secureCookies ? '; Secure' : ''}`;
  }

  /** Null when there is none, or more than one: who can set a second one is not to choose. */
  read({ headers: { cookie } }: Pick<GatewayRequest, 'headers'>): Redacted<string> | null {
    if (cookie === undefined) return null;
    const prefix = `${this.#name}=`;
    const found = cookie
      .split(';')
      .map((part) => part.trim())
      .filter((part) => part.startsWith(prefix));
    const [token, another] = found.map((part) => part.slice(prefix.length));
    if (token === undefined || another !== undefined || token === '') return null;
    return token.length > TOKEN_CHARACTERS_MAX ? null : new Redacted(token);
  }

  /** `expiresAt` is ISO 8601; the server ends a session that nobody uses long before. */
  set(reply: FastifyReply, { token, expiresAt }: { token: Redacted<string>; expiresAt: string }): void {
    const seconds = Math.max(0, Math.floor((Date.parse(expiresAt) - Date.now()) / 1_000));
    this.send(reply, `${this.#name}=${token.expose()}; Max-Age=${seconds}`);
  }

  clear(reply: FastifyReply): void {
    this.send(reply, `${this.#name}=; Max-Age=0`);
  }

  private send(reply: FastifyReply, cookie: string): void {
    void reply.header('set-cookie', `${cookie}; ${this.#attributes}`).header('cache-control', 'no-store');
  }
}
