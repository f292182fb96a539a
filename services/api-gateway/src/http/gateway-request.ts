import type { Action, authenticate, Caller, ReplyOf } from '#libs/contracts';
import type { MessageContext } from '#libs/transport';
import type { FastifyRequest } from 'fastify';

const USER_AGENT_CHARACTERS_MAX = 256;

/** A request as the controllers see it. */
export type GatewayRequest = FastifyRequest<{ Params: Record<string, string> }> & {
  /** Who calls, and what they may do: set by the guard on every route that is not public. */
  identity: ReplyOf<typeof authenticate> | null;
  /** What the route declares; null where it is public or declares nothing. */
  action: Action | null;
};

/** The caller that the guard established. Throws on a public route: that is a mistake in our code. */
export function callerOf(request: GatewayRequest): Caller {
  if (!request.identity) throw new Error('This route is public; it has no caller');
  return request.identity.caller;
}

export function contextOf(request: GatewayRequest): MessageContext {
  return { correlationId: request.id };
}

/** What the client says it is, cut to a bound; null when it says nothing. */
export function userAgentOf({ headers }: GatewayRequest): string | null {
  return headers['user-agent']?.slice(0, USER_AGENT_CHARACTERS_MAX) ?? null;
}

/** Where a request came from, as messages carry it. */
export function originOf(request: GatewayRequest) {
  return { address: request.ip, userAgent: userAgentOf(request) };
}

/** The session of the person who calls. Throws on a route that keys may call: that is a mistake in our code. */
export function sessionIdOf({ identity }: GatewayRequest): string {
  if (!identity?.sessionId) throw new Error('This route is for people; a key has no session');
  return identity.sessionId;
}
