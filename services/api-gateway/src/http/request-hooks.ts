import type { Socket } from 'node:net';
import { AppError } from '#libs/kernel';
import type { Metrics, Logger } from '#libs/observability';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { GatewayConfig } from '../config';
import { hasAmbiguousHeaders } from './ambiguous-headers';
import type { GatewayRequest } from './gateway-request';
import { inStep } from './in-step';
import { giveLastAnswers } from './last-answers';
import { isMisplacedCredential } from './misplaced-credential';
import { privateConnections } from './private-connections';
import { PROBES, UNDECODABLE_URL } from './routed-url';
import { securityHeaders } from './security-headers';

const METHODS = new Set(['GET', 'POST', 'PUT', 'DELETE']);
/** To be told when to send the body, which Node does by itself. */
const EXPECTATION = /^100-continue$/i;

interface HookParts {
  readonly config: Pick<GatewayConfig, 'tls' | 'trustedProxies'>;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/**
 * Adds what every request gets, even one without a route: headers, last refusals, one line in the log, one
 * measurement.
 */
export function addRequestHooks(server: FastifyInstance, { config, logger, metrics }: HookParts): void {
  giveLastAnswers(server);
  const gate = inStep();
  const isPrivate = privateConnections(config);
  server.addHook('onRequest', (_request, _reply, done) => gate(done));
  server.addHook('onRequest', (request, reply, done) => {
    const { socket } = request.raw;
    void reply.headers(securityHeaders(socket)).header('x-request-id', request.id);
    const refusal = lastRefusal(request, isPrivate);
    if (refusal) {
      ending.add(socket);
      void reply.header('connection', 'close');
      if (refusal.kind === 'method-not-allowed') void reply.header('allow', [...METHODS].join(', '));
    }
    done(refusal);
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

/**
 * Gives a refusal that ends the connection, so that nothing is done of what was sent behind the request. The request
 * cannot be believed, or it came in clear.
 */
function lastRefusal(request: FastifyRequest, isPrivate: (socket: Socket) => boolean): AppError | undefined {
  const { socket, headers } = request.raw;
  if (ending.has(socket) || hasAmbiguousHeaders(request.raw)) return new AppError('MALFORMED_REQUEST');
  if (headers.expect !== undefined && !EXPECTATION.test(headers.expect))
    return new AppError('MALFORMED_REQUEST');
  if (!METHODS.has(request.method)) return new AppError('METHOD_NOT_ALLOWED');
  if (isPrivate(socket) || PROBES.has(request.routeOptions.url ?? '')) return undefined;
  const safeMessage =
    'This port answers over plain HTTP to its proxy alone: use the HTTPS address of the server';
  return new AppError('MALFORMED_REQUEST', { safeMessage });
}

/** Gives what is wrong with a request, whatever route it is for and whoever asks. */
export function earlyRefusal(request: FastifyRequest): AppError | undefined {
  // A key in the URL is found as it was sent, percent-encoded or not. The user agent is checked because it is recorded as
  // it is.
  const { originalUrl } = request;
  if (originalUrl.length > 60 && isMisplacedCredential(decoded(originalUrl)))
    return new AppError('MISPLACED_CREDENTIAL');
  if (isMisplacedCredential(request.headers['user-agent'] ?? '')) return new AppError('MISPLACED_CREDENTIAL');
  if (request.url === UNDECODABLE_URL) return new AppError('MALFORMED_REQUEST');
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') return new AppError('UNSUPPORTED_MEDIA_TYPE');
  return undefined;
}

/**
 * Decodes each escape on its own, so that a broken one does not hide the others. A key is ASCII, so only ASCII is
 * decoded.
 */
function decoded(url: string): string {
  if (!url.includes('%')) return url;
  return url.replaceAll(/%([2-7][\da-f])/gi, (_, code: string) => String.fromCharCode(parseInt(code, 16)));
}
