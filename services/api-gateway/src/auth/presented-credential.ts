import { AppError, Redacted } from '#libs/kernel';
import type { GatewayRequest } from '../http/gateway-request';

/** `Bearer`, one space, and what we could call a credential at all. */
const BEARER = /^Bearer ([\x21-\x7e]{1,512})$/i;

/** What a request presents, as the message `authenticate` carries it: exactly one of the two. */
interface Presented {
  readonly apiKey: Redacted<string> | null;
  readonly session: Redacted<string> | null;
}

/** The Authorization header, or else the session's cookie. Fails with AUTHENTICATION_REQUIRED. */
export function presentedCredential(request: GatewayRequest): Presented {
  const { authorization } = request.headers;
  if (authorization !== undefined) {
    const key = BEARER.exec(authorization)?.[1];
    if (key === undefined) throw new AppError('AUTHENTICATION_REQUIRED');
    return { apiKey: new Redacted(key), session: null };
  }
  const session = sessionToken(request);
  if (session === null) throw new AppError('AUTHENTICATION_REQUIRED');
  return { apiKey: null, session };
}

/** The token in the session's cookie. Nobody can sign in yet, so there is none. */
function sessionToken(_request: GatewayRequest): Redacted<string> | null {
  return null;
}
