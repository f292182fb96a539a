import { randomUUID } from 'node:crypto';
import { maxHeaderSize } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { GatewayConfig } from '../config';
import { answerClientError, answerTunnel } from './client-error';
import { BODY_BYTES_MAX, parseJsonBody } from './json-body';
import { routedUrl } from './routed-url';

/** The headers must arrive within the first time, the whole request within the second (cases C3, I2). */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 15_000;
const KEEP_ALIVE_TIMEOUT_MS = 65_000;

/**
 * A client's request id is used when it has this form. It goes into logs, events and headers, so it must not hold the
 * beginning of a key.
 */
const SANE_REQUEST_ID = /^(?!.*hklst_)[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/i;

/** Differs from process to process. The counter behind it makes the id of each request unique. */
const PROCESS_ID = randomUUID().replaceAll('-', '');
let requests = 0;

function requestId({ headers }: { headers: Record<string, unknown> }): string {
  const given = headers['x-request-id'];
  if (typeof given === 'string' && SANE_REQUEST_ID.test(given)) return given;
  requests += 1;
  // All have one length, so that the length of an answer tells nothing.
  return `${PROCESS_ID}-${requests.toString(36).padStart(8, '0')}`;
}

/** Makes the HTTP server, with everything that limits a request before a handler sees it. */
export function createHttpAdapter(config: GatewayConfig): FastifyAdapter {
  const adapter = new FastifyAdapter({
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    trustProxy: config.trustedProxies.length > 0 ? config.trustedProxies : false,
    exposeHeadRoutes: false,
    // The router refuses by itself, past all hooks, what is longer: nothing in a URL is.
    routerOptions: { maxParamLength: maxHeaderSize },
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    genReqId: requestId,
    rewriteUrl: routedUrl,
    clientErrorHandler: answerClientError,
    // A request that arrives on an open connection while the server closes is answered like any other.
    return503OnClosing: false,
    ...serverOptions(config),
  });
  const server = adapter.getInstance();
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => {
    try {
      done(null, parseJsonBody(body as Buffer));
    } catch (error) {
      done(error as Error);
    }
  });
  server.decorateRequest('identity', null);
  server.decorateRequest('action', null);
  // Node would answer by itself. Our hooks refuse it, in its turn behind what came before on the connection.
  server.server.on('checkExpectation', (request, response) =>
    server.server.emit('request', request, response),
  );
  server.server.on('connect', answerTunnel);
  if (config.connectionsMax > 0) server.server.maxConnections = config.connectionsMax;
  return adapter;
}

/** Keeps Fastify from loading its own validator. No route needs it, because DTOs validate here. */
function noSchemas(): never {
  throw new Error('Fastify validates nothing here: declare a DTO');
}

function serverOptions({ tls }: GatewayConfig) {
  const limits = {
    headersTimeout: HEADERS_TIMEOUT_MS,
    connectionsCheckingInterval: 1_000,
    // Our own hook refuses such a request, in the shape of all errors.
    requireHostHeader: false,
  };
  if (!tls) return { http: limits };
  return { https: { ...limits, ...tls, minVersion: 'TLSv1.2' as const } };
}
