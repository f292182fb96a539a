import { Injectable } from '@nestjs/common';
import { AppError, Redacted } from '#libs/kernel';
import type { GatewayRequest } from '../http/gateway-request';
import { RequestSource } from './request-source';
import { SessionCookie } from './session-cookie';

/** `Bearer`, one space, and what we could call a credential at all. */
const BEARER = /^Bearer ([\x21-\x7e]{1,512})$/i;

/** What a request presents, as the message `authenticate` carries it: exactly one of the two. */
interface Presented {
  readonly apiKey: Redacted<string> | null;
  readonly session: Redacted<string> | null;
}

/** Finds the credential of a request: the Authorization header, or else the session's cookie. */
@Injectable()
export class PresentedCredential {
  constructor(
    private readonly cookie: SessionCookie,
    private readonly source: RequestSource,
  ) {}

  /**
   * Before a body is read, or its type is looked at: what another site makes a browser send with the cookie is refused as
   * such, whatever it holds (case F3).
   */
  refusalAtArrival(request: GatewayRequest): AppError | undefined {
    if (request.headers.cookie === undefined || request.method === 'GET') return undefined;
    if (this.cookie.read(request) === null || this.source.isOwn(request)) return undefined;
    return new AppError('CROSS_SITE_REQUEST');
  }

  /**
   * Fails with AUTHENTICATION_REQUIRED without one, MALFORMED_REQUEST with both, for then it is not said who asks, and
   * CROSS_SITE_REQUEST for a cookie that another site made the browser send. A header is never sent by itself.
   */
  of(request: GatewayRequest): Presented {
    const { authorization } = request.headers;
    const session = this.cookie.read(request);
    if (authorization === undefined) {
      if (session === null) throw new AppError('AUTHENTICATION_REQUIRED');
      this.source.demandOwn(request);
      return { apiKey: null, session };
    }
    if (session !== null) {
      const safeMessage = 'Send an API key or a session cookie, not both';
      throw new AppError('MALFORMED_REQUEST', { safeMessage });
    }
    const key = BEARER.exec(authorization)?.[1];
    if (key === undefined) throw new AppError('AUTHENTICATION_REQUIRED');
    return { apiKey: new Redacted(key), session: null };
  }
}
