import type { Caller } from '#libs/contracts';
import type { MessageContext } from '#libs/transport';
import type { FastifyRequest } from 'fastify';

/** A request as the controllers see it. */
export type GatewayRequest = FastifyRequest<{ Params: Record<string, string> }> & {
  /** Set by the guard on every route that is not public. */
  caller: Caller | null;
};

/** The caller that the guard established. Throws on a public route: that is a mistake in our code. */
export function callerOf(request: GatewayRequest): Caller {
  if (!request.caller) throw new Error('This route is public; it has no caller');
  return request.caller;
}

export function contextOf(request: GatewayRequest): MessageContext {
  return { correlationId: request.id };
}
