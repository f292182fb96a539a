import type { Socket } from 'node:net';
import { AppError } from '#libs/kernel';
import type { Metrics, Logger } from '#libs/observability';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasAmbiguousHeaders } from './ambiguous-headers';
import type { GatewayRequest } from './gateway-request';
import { inStep } from './in-step';
import { giveLastAnswers } from './last-answers';
import { isMisplacedCredential } from './misplaced-credential';
import { SECURITY_HEADERS } from './security-headers';

const METHODS = new Set(['GET', 'POST', 'PUT', 'DELETE']);

interface HookParts {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly tls: boolean;
}

/** What happens to every request, routed or not: headers, early refusals, one log line, one measurement. */
export function addRequestHooks(server: FastifyInstance, { logger, metrics, tls }: HookParts): void {
  giveLastAnswers(server);
  const gate = inStep();
  server.addHook('onRequest', (_request, _reply, done) => gate(done));
  server.addHook('onRequest', (request, reply, done) => {
    void reply.headers(SECURITY_HEADERS).header('x-request-id', request.id);
    if (tls) void reply.header('strict-transport-security', 'max-age=31536000; includeSubDomains');
    done(earlyRefusal(request, reply));
  });
  server.addHook('onResponse', (request, reply, done) => {
    // The route's pattern, never the URL: a URL may hold anything a client mistakes for a place to put a key.
    const route = request.routeOptions.url ?? 'none';
    const { method, id: request_id } = request;
    const { statusCode: status, elapsedTime: duration_ms } = reply;
    metrics.observe({ method, route, status, durationMs: duration_ms });
    const caller = (request as GatewayRequest).identity?.caller;
    logger.info('request', {
      request_id,
      method,
      route,
      status,
      duration_ms: Math.round(duration_ms * 1000) / 1000,
      ...(caller && { org_id: caller.orgId, actor_id: caller.actorId }),
    });
    done();
  });
}

/** Connections that end with the answer to a request that was refused. */
const ending = new WeakSet<Socket>();

function earlyRefusal(request: FastifyRequest, reply: FastifyReply): AppError | undefined {
  const last = lastRefusal(request, reply);
  if (last) {
    ending.add(request.raw.socket);
    void reply.header('connection', 'close');
    return last;
  }
  // Percent-encoded or not; a URL whose encoding is broken never reaches a route. The agent is put on record as it is.
  if (request.url.length > 60 && isMisplacedCredential(decoded(request.url)))
    return new AppError('MISPLACED_CREDENTIAL');
  if (isMisplacedCredential(request.headers['user-agent'] ?? '')) return new AppError('MISPLACED_CREDENTIAL');
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') return new AppError('UNSUPPORTED_MEDIA_TYPE');
  return undefined;
}

/** After which nothing more on the connection is to be believed: what was sent behind it is not done either. */
function lastRefusal(request: FastifyRequest, reply: FastifyReply): AppError | undefined {
  if (ending.has(request.raw.socket) || hasAmbiguousHeaders(request.raw))
    return new AppError('MALFORMED_REQUEST');
  if (METHODS.has(request.method)) return undefined;
  void reply.header('allow', [...METHODS].join(', '));
  return new AppError('METHOD_NOT_ALLOWED');
}

/** Every escape for itself: a broken one beside it hides nothing. A key is ASCII. */
function decoded(url: string): string {
  if (!url.includes('%')) return url;
  return url.replaceAll(/%([2-7][\da-f])/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
}
