import { Inject, Injectable } from '@nestjs/common';
import { signOut } from '#libs/contracts';
import type { Redacted } from '#libs/kernel';
import type { MessageClient } from '#libs/transport';
import { contextOf, originOf, type GatewayRequest } from '../http/gateway-request';
import { ACCESS } from '../tokens';
import { RequestSource } from './request-source';
import { SessionCookie } from './session-cookie';

/** The session that a request to a public route brings along, and that another session replaces. */
@Injectable()
export class PreviousSession {
  constructor(
    @Inject(ACCESS) private readonly access: MessageClient,
    private readonly cookie: SessionCookie,
    private readonly source: RequestSource,
  ) {}

  /**
   * Gives the token of the session; null without one. Fails with CROSS_SITE_REQUEST when another site made the browser
   * send it.
   */
  of(request: GatewayRequest): Redacted<string> | null {
    const session = this.cookie.read(request);
    if (session) this.source.demandOwn(request);
    return session;
  }

  async end(session: Redacted<string> | null, request: GatewayRequest): Promise<void> {
    if (session) await this.access.send(signOut, { session, ...originOf(request) }, contextOf(request));
  }
}
