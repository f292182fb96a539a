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

/**
 * Adds what every request gets, even one without a route: headers, early refusals, one line in the log, one
 * measurement.
 */
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
    // The pattern of the route, never the URL, because a client may have put a key into the URL by mistake.
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

/** Connections that end with the refusal of a request, as `lastRefusal` decides. */
const ending = new WeakSet<Socket>();

function earlyRefusal(request: FastifyRequest, reply: FastifyReply): AppError | undefined {
  const last = lastRefusal(request, reply);
  if (last) {
    ending.add(request.raw.socket);
    void reply.header('connection', 'close');
    return last;
  }
  // A key in the URL is found even when it is percent-encoded. The user agent is checked because it is recorded as it
  // is.
  if (request.url.length > 60 && isMisplacedCredential(decoded(request.url)))
    return new AppError('MISPLACED_CREDENTIAL');
  if (isMisplacedCredential(request.headers['user-agent'] ?? '')) return new AppError('MISPLACED_CREDENTIAL');
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') return new AppError('UNSUPPORTED_MEDIA_TYPE');
  return undefined;
}

/**
 * Refuses a request after which nothing more on the connection is trusted. What the client sent behind it is refused,
 * too.
 */
function lastRefusal(request: FastifyRequest, reply: FastifyReply): AppError | undefined {
  if (ending.has(request.raw.socket) || hasAmbiguousHeaders(request.raw))
    return new AppError('MALFORMED_REQUEST');
  if (METHODS.has(request.method)) return undefined;
  void reply.header('allow', [...METHODS].join(', '));
  return new AppError('METHOD_NOT_ALLOWED');
}

/**
 * Decodes each escape on its own, so that a broken one does not hide the others. A key is ASCII, so only ASCII is
 * decoded.
 */
function decoded(url: string): string {
  if (!url.includes('%')) return url;
  return url.replaceAll(/%([2-7][\da-f])/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
}
