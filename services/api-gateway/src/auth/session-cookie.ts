import { Inject, Injectable } from '@nestjs/common';
import type { Redacted } from '#libs/kernel';
import type { FastifyReply } from 'fastify';
import type { GatewayConfig } from '../config';
import type { GatewayRequest } from '../http/gateway-request';
import { CONFIG } from '../tokens';
import { OwnCookie } from './own-cookie';

/** The cookie that carries a session's token. */
@Injectable()
export class SessionCookie {
  readonly #cookie: OwnCookie;

  constructor(@Inject(CONFIG) config: Pick<GatewayConfig, 'secureCookies'>) {
    this.#cookie = new OwnCookie('hklst', config);
  }

  read(request: Pick<GatewayRequest, 'headers'>): Redacted<string> | null {
    return this.#cookie.read(request);
  }

  /** `expiresAt` is ISO 8601. The server ends an unused session long before that. */
  set(reply: FastifyReply, { token, expiresAt }: { token: Redacted<string>; expiresAt: string }): void {
    const seconds = Math.max(0, Math.floor((Date.parse(expiresAt) - Date.now()) / 1_000));
    this.#cookie.set(reply, token, seconds);
  }

  clear(reply: FastifyReply): void {
    this.#cookie.clear(reply);
  }
}
