import { Injectable } from '@nestjs/common';
import { AppError, Redacted } from '#libs/kernel';
import type { GatewayRequest } from '../http/gateway-request';
import { RequestSource } from './request-source';
import { SessionCookie } from './session-cookie';

/** `Bearer`, one space, and a text that can be a credential. */
const BEARER = /^Bearer ([\x21-\x7e]{1,512})$/i;

/** The credential of a request, as the message `authenticate` carries it. Exactly one of the two is there. */
interface Presented {
  readonly apiKey: Redacted<string> | null;
  readonly session: Redacted<string> | null;
}

/** Finds the credential of a request in the Authorization header, or else in the session's cookie. */
@Injectable()
export class PresentedCredential {
  constructor(
    private readonly cookie: SessionCookie,
    private readonly source: RequestSource,
  ) {}

  /**
   * Gives the refusal of a request with a cookie that another site made the browser send (case F3). It is asked before
   * the body is read or its type is looked at, so that neither changes the answer.
   */
  refusalAtArrival(request: GatewayRequest): AppError | undefined {
    if (request.headers.cookie === undefined || request.method === 'GET') return undefined;
    if (this.cookie.read(request) === null || this.source.isOwn(request)) return undefined;
    return new AppError('CROSS_SITE_REQUEST');
  }

  /**
   * Fails with AUTHENTICATION_REQUIRED without a credential. Fails with MALFORMED_REQUEST for both kinds at once,
   * because then it is unclear who asks. Fails with CROSS_SITE_REQUEST for a cookie that another site made the browser
   * send. A browser never sends the header on its own.
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
