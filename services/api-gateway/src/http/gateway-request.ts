import type { Action, authenticate, Caller, ReplyOf } from '#libs/contracts';
import type { MessageContext } from '#libs/transport';
import type { FastifyRequest } from 'fastify';

const USER_AGENT_CHARACTERS_MAX = 256;

/** A request as the controllers see it. */
export type GatewayRequest = FastifyRequest<{ Params: Record<string, string> }> & {
  /** Who calls, and what they may do. The guard sets it on every route that is not public. */
  identity: ReplyOf<typeof authenticate> | null;
  /** The action that the route declares; null when it is public or declares nothing. */
  action: Action | null;
};

/**
 * Gives the caller that the guard has identified. Throws on a public route, because to ask there is a mistake in our
 * code.
 */
export function callerOf(request: GatewayRequest): Caller {
  if (!request.identity) throw new Error('This route is public; it has no caller');
  return request.identity.caller;
}

export function contextOf(request: GatewayRequest): MessageContext {
  return { correlationId: request.id };
}

/** Gives the User-Agent header, cut to a maximum length; null without one. */
export function userAgentOf({ headers }: GatewayRequest): string | null {
  return headers['user-agent']?.slice(0, USER_AGENT_CHARACTERS_MAX) ?? null;
}

/** Says where a request came from, in the form that messages carry. */
export function originOf(request: GatewayRequest) {
  return { address: request.ip, userAgent: userAgentOf(request) };
}

/**
 * Gives the session of the person who calls. Throws when a key calls, because to ask on a route for keys is a mistake
 * in our code.
 */
export function sessionIdOf({ identity }: GatewayRequest): string {
  if (!identity?.sessionId) throw new Error('This route is for people; a key has no session');
  return identity.sessionId;
}
